extension CaptionTrack {
    /// Reads SubRip: blocks of a number, a line of times and lines of text.
    ///
    /// The number may be missing. Tags for fonts and colours (`<i>`) are dropped, because the
    /// edit defines the style; `{\an8}` places the cue.
    init(subRip lines: [String]) throws(CaptionFault) {
        var list = CueList()
        var index = 0
        while index < lines.count {
            if CaptionLines.isBlank(lines[index]) {
                index += 1
                continue
            }
            let isNumber = lines[index].allSatisfy { $0.isNumber || $0.isWhitespace }
            if isNumber {
                index += 1
                guard index < lines.count else {
                    throw CaptionFault(line: index, "is a cue without times")
                }
            }
            let line = index + 1
            let (start, end) = try CaptionLines.times(lines[index], number: line)
            index += 1
            var spans = CaptionSpans()
            var placement: AnchorPosition?
            while index < lines.count, !CaptionLines.isBlank(lines[index]) {
                placement = placement ?? SubRipTags.placement(lines[index])
                spans.append(SubRipTags.stripped(lines[index]))
                try spans.endLine(ofCue: line)
                index += 1
            }
            let cue = try spans.cue(start: start, end: end, line: line, placement: placement)
            try list.append(cue, line: line)
        }
        self.init(cues: list.cues)
    }
}

/// The markup that SubRip files use by convention.
enum SubRipTags {
    /// Longer text in brackets is no tag; a line of brackets would else be searched to its end
    /// from each of them.
    private static let tagBytesMax = 200
    private static let names: Set<String> = [
        "i", "b", "u", "s", "font", "c", "v", "ruby", "rt", "rp",
    ]

    /// The place that `{\an1}` to `{\an9}` asks for, counted like a numeric keypad; nil for
    /// none, and for the usual one, in the middle of the bottom.
    static func placement(_ line: String) -> AnchorPosition? {
        var rest = line[...]
        while let open = rest.firstIndex(of: "{") {
            rest = rest[rest.index(after: open)...]
            guard let end = rest.firstIndex(of: "}") else { return nil }
            for tag in rest[..<end].split(separator: "\\") where tag.hasPrefix("an") {
                if let number = Int(tag.dropFirst(2)), (1...9).contains(number), number != 2 {
                    return AnchorPosition(keypad: number)
                }
            }
        }
        return nil
    }

    /// The text without `<i>`, `<font …>`, their closing tags and `{\an8}`. Any other angle
    /// bracket is text.
    static func stripped(_ line: String) -> String {
        var result = ""
        var rest = line[...]
        while let mark = rest.firstIndex(where: { $0 == "<" || $0 == "{" }) {
            result += rest[..<mark]
            let isAngle = rest[mark] == "<"
            let close = UInt8(ascii: isAngle ? ">" : "}")
            let after = rest.index(after: mark)
            guard let end = rest[after...].utf8.prefix(tagBytesMax).firstIndex(of: close),
                isAngle ? isTag(rest[after..<end]) : rest[after...].hasPrefix("\\")
            else {
                result.append(rest[mark])
                rest = rest[after...]
                continue
            }
            let tag = rest[after..<end]
            rest = rest[rest.index(after: end)...]
            // The reading above a word is no part of the line.
            if ["rt", "rp"].contains(tag.lowercased()) {
                rest = rest.firstIndex(of: "<").map { rest[$0...] } ?? rest[rest.endIndex...]
            }
        }
        return result + rest
    }

    private static func isTag(_ inside: Substring) -> Bool {
        let name = (inside.first == "/" ? inside.dropFirst() : inside)
            .prefix { $0.isLetter }.lowercased()
        return names.contains(name)
    }
}
