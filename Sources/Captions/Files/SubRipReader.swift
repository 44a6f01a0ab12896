extension CaptionTrack {
    /// Reads SubRip: blocks of a number, a line of times and lines of text.
    ///
    /// The number may be missing. Tags for fonts and colours (`<i>`, `{\an8}`) are dropped,
    /// because the edit defines the style.
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
            while index < lines.count, !CaptionLines.isBlank(lines[index]) {
                spans.append(SubRipTags.stripped(lines[index]))
                try spans.endLine(ofCue: line)
                index += 1
            }
            try list.append(try spans.cue(start: start, end: end, line: line), line: line)
        }
        self.init(cues: list.cues)
    }
}

/// The markup that SubRip files use by convention.
enum SubRipTags {
    /// Longer text in brackets is no tag; a line of brackets would else be searched to its end
    /// from each of them.
    private static let tagBytesMax = 200
    private static let names: Set<String> = ["i", "b", "u", "s", "font", "c", "v", "ruby", "rt"]

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
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func isTag(_ inside: Substring) -> Bool {
        let name = (inside.first == "/" ? inside.dropFirst() : inside)
            .prefix { $0.isLetter }.lowercased()
        return names.contains(name)
    }
}
