package import JSON
import MediaTime

extension CaptionTrack {
    /// Reads words as speech recognisers write them: a list of `{word, start, end}` in
    /// seconds (Deepgram, WhisperX, OpenAI) or of `{text, startMs, endMs}` (Remotion),
    /// alone or inside a complete response of Deepgram or WhisperX.
    init(wordsJSON bytes: [UInt8]) throws(CaptionFault) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw CaptionFault("is not JSON: \(error.description)")
        }
        try self.init(words: JSONNode(value, .root))
    }

    /// Reads the same words from a value in a request.
    package init(words node: JSONNode) throws(CaptionFault) {
        var tokens: [CaptionToken] = []
        for list in try Self.lists(in: node) {
            guard case .array(let values) = list.value else {
                throw CaptionFault(
                    "must be an array, not \(list.value.kindDescription)", at: list.pointer)
            }
            guard tokens.count + values.count <= CaptionLimits.wordCountMax else {
                throw CaptionFault(
                    "has more than \(CaptionLimits.wordCountMax) words", at: list.pointer)
            }
            for (index, value) in values.enumerated() {
                let place = list.pointer.appending(index)
                if let token = try CaptionToken(value, at: place) { tokens.append(token) }
            }
        }
        let words = CaptionToken.words(tokens)
        guard let first = words.first else {
            self.init(cues: [])
            return
        }
        let end = words.map(\.end).max() ?? first.end
        self.init(cues: [CaptionCue(start: first.start, end: end, words: words)])
    }

    /// The word lists in one of the known responses.
    private static func lists(in node: JSONNode) throws(CaptionFault) -> [JSONNode] {
        switch node.value {
        case .array(let values):
            // A bare list of WhisperX segments.
            guard case .object(let first)? = values.first, first["words"] != nil else {
                return [node]
            }
            return try segments(values, at: node.pointer)
        case .object(let fields):
            if let words = fields["words"] {
                return [JSONNode(words, node.pointer.appending("words"))]
            }
            if case .array(let values)? = fields["segments"] {
                return try segments(values, at: node.pointer.appending("segments"))
            }
            if let inner = fields["results"] ?? fields["captions"] {
                let name = fields["results"] == nil ? "captions" : "results"
                return try lists(in: JSONNode(inner, node.pointer.appending(name)))
            }
            for name in ["channels", "alternatives"] {
                if case .array(let values)? = fields[name], let first = values.first {
                    let place = node.pointer.appending(name).appending(0)
                    return try lists(in: JSONNode(first, place))
                }
            }
            throw CaptionFault("has no words", at: node.pointer)
        default:
            throw CaptionFault(
                "must be a list of words, not \(node.value.kindDescription)", at: node.pointer)
        }
    }

    private static func segments(
        _ values: [JSONValue], at place: JSONPointer
    ) throws(CaptionFault) -> [JSONNode] {
        var lists: [JSONNode] = []
        for (index, value) in values.enumerated() {
            let place = place.appending(index)
            guard case .object(let fields) = value, let words = fields["words"] else {
                throw CaptionFault("has no words", at: place)
            }
            lists.append(JSONNode(words, place.appending("words")))
        }
        return lists
    }
}

/// An entry of a word list.
private struct CaptionToken {
    var text: String
    /// Start in milliseconds; nil if the recogniser found no time (WhisperX gives none for
    /// numbers).
    var start: Int?
    var end: Int?

    /// Reads an entry.
    /// - Returns: nil for a token without text.
    init?(_ value: JSONValue, at place: JSONPointer) throws(CaptionFault) {
        guard case .object(let fields) = value else {
            throw CaptionFault("must be an object, not \(value.kindDescription)", at: place)
        }
        let name = ["punctuated_word", "word", "text"].first { fields[$0] != nil }
        guard let name, case .string(let text)? = fields[name] else {
            throw CaptionFault("must have a word", at: place.appending(name ?? "word"))
        }
        guard text.unicodeScalars.count <= CaptionLimits.wordCharactersMax else {
            throw CaptionFault(
                "is longer than \(CaptionLimits.wordCharactersMax) characters",
                at: place.appending(name))
        }
        guard !CaptionLines.isBlank(text) else { return nil }
        self.text = text
        start = try Self.time(fields, ("start", "startMs"), at: place)
        end = try Self.time(fields, ("end", "endMs"), at: place)
        if let start, let end, end < start {
            throw CaptionFault("ends before it starts", at: place)
        }
    }

    private static func time(
        _ fields: [String: JSONValue], _ names: (seconds: String, milliseconds: String),
        at place: JSONPointer
    ) throws(CaptionFault) -> Int? {
        let isMilliseconds = fields[names.milliseconds] != nil
        let name = isMilliseconds ? names.milliseconds : names.seconds
        guard let value = fields[name], value != .null else { return nil }
        guard let number = value.double else {
            throw CaptionFault(
                "must be a time, not \(value.kindDescription)", at: place.appending(name))
        }
        let unit = isMilliseconds ? Rational(1) : Rational(1_000)
        let maximum = Rational(CaptionLimits.cueMillisecondsMax) / unit
        guard let time = Rational(decimal: number), time >= .zero, time <= maximum else {
            throw CaptionFault(
                "must be a time from 0 to \(maximum.decimalText)", at: place.appending(name))
        }
        return (time * unit).rounded
    }

    /// The words in time order. In a file that writes a space in front of words (Remotion),
    /// a token without a space continues the previous word.
    static func words(_ tokens: [CaptionToken]) -> [CaptionWord] {
        let hasSpaces = tokens.dropFirst().contains { $0.text.first?.isWhitespace == true }
        // The next known time at or after each token.
        var nexts: [Int?] = []
        for token in tokens.reversed() { nexts.append(token.start ?? nexts.last ?? nil) }
        nexts.reverse()
        var words: [CaptionWord] = []
        var time = 0
        for (index, token) in tokens.enumerated() {
            let known = nexts[index]
            let start = max(token.start ?? known.map { min(time, $0) } ?? time, time)
            let end = max(token.end ?? tokens[(index + 1)...].first?.start ?? start, start)
            let text = CaptionLines.trimmed(token.text)
            let hasBlank = token.text.first?.isWhitespace == true
            let isJoined =
                !hasBlank && (words.last.map { WritingSystem.joins($0.text, text) } ?? false)
            let continuesWord = hasSpaces && !hasBlank && !isJoined
            if continuesWord, var last = words.popLast(),
                last.text.count + text.count <= CaptionLimits.wordCharactersMax
            {
                last.text += text
                last.end = max(last.end, end)
                words.append(last)
            } else {
                words.append(
                    contentsOf: text.split(whereSeparator: \.isWhitespace).enumerated().map {
                        CaptionWord(
                            String($1), start: start, end: end,
                            isJoined: isJoined && $0 == 0 ? true : nil)
                    })
            }
            time = start
        }
        return words
    }
}
