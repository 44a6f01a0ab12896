import JSON

/// The formats in which caption files are read and written.
package enum CaptionFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// SubRip.
    case srt
    /// WebVTT (W3C).
    case vtt
    /// Advanced SubStation Alpha; only written.
    case ass
    /// Words with their times, as speech recognisers write them; only read.
    case json

    /// The media type of the format.
    package var contentType: String {
        switch self {
        case .srt: "application/x-subrip"
        case .vtt: "text/vtt"
        case .ass: "text/x-ssa"
        case .json: "application/json"
        }
    }

    /// Creates the format of an uploaded file from its media type; nil if the type is not
    /// one that is read.
    package init?(contentType: String) {
        switch contentType {
        case "text/vtt": self = .vtt
        case "application/x-subrip", "text/srt", "application/srt", "text/x-subrip": self = .srt
        case "application/json": self = .json
        default: return nil
        }
    }
}

extension CaptionTrack {
    /// Reads a caption file.
    /// - Throws: The first fault, with its line or its JSON pointer.
    package init(_ bytes: [UInt8], format: CaptionFormat) throws(CaptionFault) {
        guard bytes.count <= CaptionLimits.fileBytesMax else {
            throw CaptionFault(
                "has \(bytes.count) bytes; at most \(CaptionLimits.fileBytesMax) are allowed")
        }
        switch format {
        case .json: try self.init(wordsJSON: bytes)
        case .srt: try self.init(subRip: try CaptionLines.lines(of: bytes))
        case .vtt: try self.init(webVTT: try CaptionLines.lines(of: bytes))
        case .ass: throw CaptionFault("ASS files cannot be read")
        }
        guard words.count <= CaptionLimits.wordCountMax else {
            throw CaptionFault(
                "has \(words.count) words; at most \(CaptionLimits.wordCountMax) are allowed")
        }
        guard cues.count <= CaptionLimits.cueCountMax else {
            throw CaptionFault(
                "has \(cues.count) cues; at most \(CaptionLimits.cueCountMax) are allowed")
        }
        guard CueStacking.depth(cues) <= CaptionLimits.cueDepthMax else {
            throw CaptionFault(
                "has more than \(CaptionLimits.cueDepthMax) cues at the same time")
        }
        guard !words.isEmpty else { throw CaptionFault("has no words") }
    }
}

/// Cues as they are read, within the limits of a track.
struct CueList {
    private(set) var cues: [CaptionCue] = []
    private var wordCount = 0

    /// Adds a cue.
    /// - Throws: A fault at its line if the track has too many cues or words with it.
    mutating func append(_ cue: CaptionCue?, line: Int) throws(CaptionFault) {
        guard let cue else { return }
        guard cues.count < CaptionLimits.cueCountMax else {
            throw CaptionFault(
                line: line, "has a cue after the \(CaptionLimits.cueCountMax) that are allowed")
        }
        wordCount += cue.words.count
        guard wordCount <= CaptionLimits.wordCountMax else {
            throw CaptionFault(
                line: line, "has a word after the \(CaptionLimits.wordCountMax) that are allowed")
        }
        cues.append(cue)
    }
}

/// The rules that the two line formats share.
enum CaptionLines {
    /// The lines of UTF-8 text, or of UTF-16 text with a byte order mark.
    static func lines(of bytes: [UInt8]) throws(CaptionFault) -> [String] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return try split(Array(try utf16(bytes).utf8))
        }
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard String(validating: body, as: UTF8.self) != nil else {
            var line = 1
            for piece in body.split(separator: 0x0A, omittingEmptySubsequences: false) {
                if String(validating: piece, as: UTF8.self) == nil { break }
                line += 1
            }
            throw CaptionFault(line: line, "is not UTF-8")
        }
        return try split(body)
    }

    private static func utf16(_ bytes: [UInt8]) throws(CaptionFault) -> String {
        let isLittle = bytes[0] == 0xFF
        guard bytes.count % 2 == 0 else {
            throw CaptionFault("is not UTF-16: the number of bytes is odd")
        }
        let units = stride(from: 2, to: bytes.count, by: 2).map { index in
            let pair = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittle ? pair.1 << 8 | pair.0 : pair.0 << 8 | pair.1
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw CaptionFault("is not UTF-16")
        }
        return text
    }

    /// Splits UTF-8 at CR, LF and both, and drops NUL.
    /// - Throws: A fault at a line that is too long, or if there are too many lines, before the
    ///   rest is read.
    private static func split(_ text: [UInt8]) throws(CaptionFault) -> [String] {
        let (lineFeed, carriageReturn) = (UInt8(0x0A), UInt8(0x0D))
        var lines: [String] = []
        var start = 0
        while true {
            let end =
                text[start...].firstIndex { $0 == lineFeed || $0 == carriageReturn } ?? text.count
            guard end - start <= CaptionLimits.lineBytesMax else {
                throw CaptionFault(
                    line: lines.count + 1,
                    "has more than \(CaptionLimits.lineBytesMax) bytes")
            }
            guard lines.count < CaptionLimits.lineCountMax else {
                throw CaptionFault("has more than \(CaptionLimits.lineCountMax) lines")
            }
            let line = text[start..<end]
            lines.append(
                String(
                    decoding: line.contains(0) ? line.filter { $0 != 0 }[...] : line, as: UTF8.self)
            )
            guard end < text.count else { return lines }
            let isPair =
                text[end] == carriageReturn && end + 1 < text.count && text[end + 1] == lineFeed
            start = end + (isPair ? 2 : 1)
        }
    }

    /// True if the line is empty or has only spaces.
    static func isBlank(_ line: String) -> Bool { line.allSatisfy(\.isWhitespace) }

    /// The text without spaces at either end.
    static func trimmed(_ text: some StringProtocol) -> String {
        let tail = text.drop { $0.isWhitespace }
        return String(tail.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// The milliseconds of `HH:MM:SS,mmm`, also with a point or without hours; nil for
    /// other text or a time above the limit.
    static func milliseconds(_ text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let last = parts.last else { return nil }
        let seconds = last.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "," || $0 == "." })
        guard seconds.count <= 2, let whole = number(seconds[0], maximum: 2), whole < 60 else {
            return nil
        }
        var millis = 0
        if seconds.count == 2 {
            guard let fraction = number(seconds[1], maximum: 3) else { return nil }
            millis = [0, fraction * 100, fraction * 10, fraction][seconds[1].count]
        }
        guard let minutes = number(parts[parts.count - 2], maximum: 2), minutes < 60 else {
            return nil
        }
        var hours = 0
        if parts.count == 3 {
            guard let value = number(parts[0], maximum: 3) else { return nil }
            hours = value
        }
        let total = ((hours * 60 + minutes) * 60 + whole) * 1_000 + millis
        return total <= CaptionLimits.cueMillisecondsMax ? total : nil
    }

    private static func number(_ text: some StringProtocol, maximum: Int) -> Int? {
        guard !text.isEmpty, text.utf8.count <= maximum,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }

    /// Parses the two times around ` --> `, in milliseconds.
    static func times(_ line: String, number: Int) throws(CaptionFault) -> (start: Int, end: Int) {
        guard let arrow = line.firstIndex(of: "-"), line[arrow...].hasPrefix("-->") else {
            throw CaptionFault(line: number, "has no times separated by -->")
        }
        let startText = trimmed(line[..<arrow])
        let rest = trimmed(line[line.index(arrow, offsetBy: 3)...])
        let endText = rest.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        guard let start = milliseconds(startText) else {
            throw CaptionFault(
                line: number, "has the invalid start time \(JSONReader.quoted(startText))")
        }
        guard let end = milliseconds(endText) else {
            throw CaptionFault(
                line: number, "has the invalid end time \(JSONReader.quoted(endText))")
        }
        guard end >= start else { throw CaptionFault(line: number, "ends before it starts") }
        return (start, end)
    }
}
