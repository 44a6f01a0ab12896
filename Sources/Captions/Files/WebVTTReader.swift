import JSON

extension CaptionTrack {
    /// Reads WebVTT (W3C, https://www.w3.org/TR/webvtt1/): cues with word times
    /// `<00:00:01.000>` and the setting `line`; notes, styles, regions and other settings are
    /// skipped, and so is ruby text.
    init(webVTT lines: [String]) throws(CaptionFault) {
        guard let first = lines.first,
            first == "WEBVTT" || first.hasPrefix("WEBVTT ")
                || first.hasPrefix("WEBVTT\t")
        else { throw CaptionFault(line: 1, "must be WEBVTT") }
        var list = CueList()
        // The lines directly below the first belong to the header.
        var index = lines.firstIndex { CaptionLines.isBlank($0) } ?? lines.count
        while index < lines.count {
            if CaptionLines.isBlank(lines[index]) {
                index += 1
                continue
            }
            let end =
                lines[index...].firstIndex { CaptionLines.isBlank($0) } ?? lines.count
            try list.append(try Self.cue(lines[index..<end]), line: index + 1)
            index = end
        }
        self.init(cues: list.cues)
    }

    /// Reads a block.
    /// - Returns: nil for a block that is not a cue.
    private static func cue(_ block: ArraySlice<String>) throws(CaptionFault) -> CaptionCue? {
        let first = block[block.startIndex]
        let word = first.prefix { !$0.isWhitespace }
        guard let timesAt = block.prefix(2).firstIndex(where: { $0.contains("-->") }) else {
            if ["NOTE", "STYLE", "REGION"].contains(word) { return nil }
            throw CaptionFault(
                line: block.startIndex + 1, "is not a cue, a note, a style or a region")
        }
        let line = timesAt + 1
        let (start, end) = try CaptionLines.times(block[timesAt], number: line)
        var spans = CaptionSpans()
        for index in block.indices where index > timesAt {
            try read(block[index], line: index + 1, into: &spans)
            try spans.endLine(ofCue: line)
        }
        return try spans.cue(
            start: start, end: end, line: line, placement: placement(block[timesAt]))
    }

    /// The place that the setting `line` asks for: a line from the top, from the bottom if it
    /// is negative, or a part of the height; nil for the bottom.
    private static func placement(_ times: String) -> AnchorPosition? {
        let setting = times.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("line:") }
        guard let value = setting?.dropFirst(5).prefix(while: { $0 != "," }) else { return nil }
        if value.hasSuffix("%") {
            guard let percent = Double(value.dropLast()), percent.isFinite else { return nil }
            return percent < 34 ? .top : percent < 67 ? .center : nil
        }
        guard let line = Int(value) else { return nil }
        // Players have some 15 lines.
        return line < 0 ? nil : line < 6 ? .top : line < 10 ? .center : nil
    }

    private static func read(
        _ text: String, line: Int, into spans: inout CaptionSpans
    ) throws(CaptionFault) {
        var rest = text[...]
        var isReading = false
        while let mark = rest.firstIndex(of: "<") {
            if !isReading { spans.append(unescaped(rest[..<mark])) }
            let after = rest.index(after: mark)
            guard let end = rest[after...].firstIndex(of: ">") else {
                throw CaptionFault(line: line, "has an unclosed tag")
            }
            let tag = rest[after..<end]
            if let digit = tag.first, digit.isNumber {
                guard let time = CaptionLines.milliseconds(tag) else {
                    throw CaptionFault(
                        line: line, "has the invalid time \(JSONReader.quoted(String(tag)))")
                }
                spans.mark(time)
            }
            // The reading above a word (ruby) is no part of the line.
            if tag == "rt" || tag.hasPrefix("rt.") { isReading = true }
            if tag == "/rt" || tag == "/ruby" { isReading = false }
            rest = rest[rest.index(after: end)...]
        }
        if !isReading { spans.append(unescaped(rest)) }
    }

    private static let entities: [(name: String, text: String)] = [
        ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{A0}"), ("&lrm;", "\u{200E}"),
        ("&rlm;", "\u{200F}"), ("&amp;", "&"),
    ]

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            if let entity = entities.first(where: { rest[mark...].hasPrefix($0.name) }) {
                result += entity.text
                rest = rest[mark...].dropFirst(entity.name.count)
            } else {
                result.append("&")
                rest = rest[mark...].dropFirst()
            }
        }
        return result + rest
    }
}
