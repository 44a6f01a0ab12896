import JSON

extension CaptionTrack {
    /// Reads WebVTT (W3C, https://www.w3.org/TR/webvtt1/): cues with word times
    /// `<00:00:01.000>`; notes, styles, regions and cue settings are skipped.
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
        return try spans.cue(start: start, end: end, line: line)
    }

    private static func read(
        _ text: String, line: Int, into spans: inout CaptionSpans
    ) throws(CaptionFault) {
        var rest = text[...]
        while let mark = rest.firstIndex(of: "<") {
            spans.append(unescaped(rest[..<mark]))
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
            rest = rest[rest.index(after: end)...]
        }
        spans.append(unescaped(rest))
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
