import JSON

/// Compares answers of a recording with those of its replay.
///
/// What must differ from run to run does not count: times, the parts of a
/// signed URL, and IDs that differ in each run. An ID that takes the place of
/// another is remembered and must take it everywhere, in later answers and in
/// the events that are sent.
struct ResponseComparison: Sendable {
    /// One place where two answers part.
    struct Difference: Sendable, Hashable {
        /// JSON Pointer into the answer (RFC 6901); `#` leads into a text that
        /// is JSON itself.
        var pointer: String
        var recorded: JSONValue
        var replayed: JSONValue
    }

    /// Members of these names are not looked at.
    var ignoredNames: Set<String>
    private var newByOld: [String: String] = [:]
    private var oldByNew: [String: String] = [:]

    /// Shorter words are never IDs.
    private static let identifierLengthMin = 8

    init(ignoredNames: Set<String>) { self.ignoredNames = ignoredNames }

    /// - Returns: nothing when the replay did as the recording.
    mutating func differences(_ recording: Recording, _ response: APIResponse) -> [Difference] {
        let hasFailed = response.header("X-Amz-Function-Error") != nil
        var found: [Difference] = []
        if hasFailed != (recording.outcome != "ok") {
            found.append(
                Difference(
                    pointer: "", recorded: .string(recording.outcome),
                    replayed: .string(hasFailed ? "error" : "ok")))
        }
        compare(recording.answer, Recording.answer(response.body), "", &found)
        return found
    }

    /// A document with the IDs of this run in place of the recorded ones.
    func renamed(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(renamed(text))
        case .array(let values): .array(values.map { renamed($0) })
        case .object(let members):
            .object(
                Dictionary(
                    members.map { (renamed($0.key), renamed($0.value)) }, uniquingKeysWith: { $1 }))
        case .null, .bool, .integer, .number: value
        }
    }

    private func renamed(_ text: String) -> String {
        guard !newByOld.isEmpty else { return text }
        return Self.tokens(text).map { newByOld[String($0)] ?? String($0) }.joined()
    }

    private mutating func compare(
        _ old: JSONValue, _ new: JSONValue, _ pointer: String, _ found: inout [Difference]
    ) {
        switch (old, new) {
        case (.object(let before), .object(let after)):
            for name in Set(before.keys).union(after.keys).sorted()
            where !ignoredNames.contains(name) {
                compare(
                    before[name] ?? .null, after[name] ?? .null,
                    pointer + "/" + Self.escaped(name), &found)
            }
        case (.array(let before), .array(let after)) where before.count == after.count:
            for index in before.indices {
                compare(before[index], after[index], "\(pointer)/\(index)", &found)
            }
        case (.string(let before), .string(let after)):
            if let inner = Self.documents(before, after) {
                compare(inner.0, inner.1, pointer + "#", &found)
            } else if !isSame(before, after) {
                found.append(Difference(pointer: pointer, recorded: old, replayed: new))
            }
        default:
            if old != new {
                found.append(Difference(pointer: pointer, recorded: old, replayed: new))
            }
        }
    }

    /// Texts that are JSON documents themselves, as the bodies of URL answers.
    private static func documents(_ before: String, _ after: String) -> (
        JSONValue, JSONValue
    )? {
        func document(_ text: String) -> JSONValue? {
            guard let first = text.first, first == "{" || first == "[" else { return nil }
            return try? JSONValue(parsing: Array(text.utf8))
        }
        guard let old = document(before), let new = document(after) else { return nil }
        return (old, new)
    }

    private mutating func isSame(_ before: String, _ after: String) -> Bool {
        let old = Self.tokens(Self.steady(before))
        let new = Self.tokens(Self.steady(after))
        guard old.count == new.count else { return false }
        var learned: [(String, String)] = []
        for (one, other) in zip(old.map(String.init), new.map(String.init)) {
            if let known = newByOld[one] {
                guard known == other else { return false }
            } else if one != other {
                guard Self.mayBeRenamed(one, other), oldByNew[other] == nil else { return false }
                learned.append((one, other))
            }
        }
        for (one, other) in learned {
            newByOld[one] = other
            oldByNew[other] = one
        }
        return true
    }

    /// Random IDs of one kind are equally long and have digits.
    private static func mayBeRenamed(_ one: String, _ other: String) -> Bool {
        func looksRandom(_ text: String) -> Bool {
            text.utf8.count >= identifierLengthMin && text.contains(where: \.isNumber)
                && text.utf8.allSatisfy { isWordByte($0) }
        }
        return one.utf8.count == other.utf8.count && looksRandom(one) && looksRandom(other)
    }

    /// A text without times and without what changes in a signed URL.
    private static func steady(_ text: String) -> String {
        text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "<time>")
            .replacing(/X-Amz-(Signature|Date|Credential)=[^&]*/) { "X-Amz-\($0.output.1)=" }
    }

    /// Words and what stands between them; together they are the text.
    private static func tokens(_ text: String) -> [Substring] {
        var tokens: [Substring] = []
        var start = text.startIndex
        var isWord: Bool?
        for index in text.utf8.indices {
            let next = isWordByte(text.utf8[index])
            if let isWord, isWord != next {
                tokens.append(text[start..<index])
                start = index
            }
            isWord = next
        }
        if start < text.endIndex { tokens.append(text[start...]) }
        return tokens
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte >= 0x80
    }

    private static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
