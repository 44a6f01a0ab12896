/// Collects the words of a cue's lines, with the times of those that have one.
struct CaptionSpans {
    private struct Span {
        var text: String
        /// Start in milliseconds; nil if the file has none.
        var time: Int?
        var startsLine: Bool
        var isJoined: Bool?
    }

    private var spans: [Span] = []
    private var word = ""
    private var pendingTime: Int?
    private var isNewLine = false
    /// Characters so far; beyond the limit of a cue nothing is kept.
    private var characterCount = 0

    /// Adds a piece of text; spaces separate words.
    mutating func append(_ text: some StringProtocol) {
        for character in text {
            guard characterCount <= CaptionLimits.cueCharactersMax else { return }
            if character.isWhitespace {
                endWord()
            } else {
                word.append(character)
                characterCount += 1
            }
        }
    }

    /// Sets the start of the text that follows.
    mutating func mark(_ milliseconds: Int) {
        endWord()
        pendingTime = milliseconds
    }

    /// Makes the text that follows start a new line.
    /// - Parameter line: The line with the cue's times, for the fault.
    /// - Throws: A fault if the cue is longer than any may be.
    mutating func endLine(ofCue line: Int) throws(CaptionFault) {
        endWord()
        guard characterCount <= CaptionLimits.cueCharactersMax else { throw Self.isTooLong(line) }
        if !spans.isEmpty { isNewLine = true }
    }

    private static func isTooLong(_ line: Int) -> CaptionFault {
        CaptionFault(
            line: line, "starts a cue longer than \(CaptionLimits.cueCharactersMax) characters")
    }

    private mutating func endWord() {
        guard !word.isEmpty else { return }
        for (index, piece) in WritingSystem.pieces(word).enumerated() {
            spans.append(
                Span(
                    text: piece, time: index == 0 ? pendingTime : nil,
                    startsLine: index == 0 && isNewLine, isJoined: index == 0 ? nil : true))
        }
        (word, pendingTime, isNewLine) = ("", nil, false)
    }

    /// The cue. Words without a time divide the time between their neighbours in proportion
    /// to their length in characters.
    mutating func cue(
        start: Int, end: Int, line: Int, placement: AnchorPosition?
    ) throws(CaptionFault) -> CaptionCue? {
        endWord()
        guard !spans.isEmpty else { return nil }
        let count = spans.reduce(0) { $0 + $1.text.count + 1 }
        guard count <= CaptionLimits.cueCharactersMax else { throw Self.isTooLong(line) }
        var starts: [Int] = []
        var index = 0
        var from = start
        while index < spans.count {
            // The words up to the next one that has a time.
            let next = spans.indices.first { $0 > index && spans[$0].time != nil } ?? spans.count
            from = min(max(spans[index].time ?? from, from), end)
            let limit = next < spans.count ? min(max(spans[next].time ?? end, from), end) : end
            let weights = spans[index..<next].map { $0.text.count + 1 }
            let total = weights.reduce(0, +)
            var passed = 0
            for weight in weights {
                starts.append(from + (limit - from) * passed / total)
                passed += weight
            }
            (index, from) = (next, limit)
        }
        let ends = Array(starts.dropFirst()) + [end]
        let words = spans.indices.map {
            CaptionWord(
                spans[$0].text, start: starts[$0], end: ends[$0],
                startsLine: spans[$0].startsLine, isJoined: spans[$0].isJoined)
        }
        return CaptionCue(
            start: start, end: end, words: words, placement: placement, hasOwnTimes: true)
    }
}
