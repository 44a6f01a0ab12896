import JSON

/// Compares recorded responses with those of a replay.
///
/// Values that vary between runs are ignored: times, the parts of a signed URL,
/// and random IDs. An ID that replaces a recorded one must replace it everywhere,
/// in later responses and in the events that are sent.
struct ResponseComparison: Sendable {
    /// A difference between two responses.
    struct Difference: Sendable, Hashable {
        /// JSON Pointer into the response (RFC 6901); `#` leads into a string that contains JSON.
        var pointer: String
        var recorded: JSONValue
        var replayed: JSONValue
    }

    /// Names of members that are not compared.
    var ignoredNames: Set<String>
    private var newByOld: [String: String] = [:]
    private var oldByNew: [String: String] = [:]

    /// Minimum length of an ID; shorter words are compared literally.
    private static let identifierLengthMin = 8

    init(ignoredNames: Set<String>) { self.ignoredNames = ignoredNames }

    /// Compares one response with its recording.
    /// - Returns: an empty array if they match.
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

    /// Returns a document with the recorded IDs replaced by those of this run.
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

    /// The text in a recording in place of a secret.
    static let removedSecret = "[removed]"

    private mutating func compare(
        _ old: JSONValue, _ new: JSONValue, _ pointer: String, _ found: inout [Difference]
    ) {
        // Any secret is equal to one that the recording does not have.
        if old == .string(Self.removedSecret), new != .null { return }
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

    /// Parses two strings that contain JSON, such as the bodies of URL responses.
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

    /// True if both words look like random IDs: of equal length, with digits.
    private static func mayBeRenamed(_ one: String, _ other: String) -> Bool {
        func looksRandom(_ text: String) -> Bool {
            text.utf8.count >= identifierLengthMin && text.contains(where: \.isNumber)
                && text.utf8.allSatisfy { isWordByte($0) }
        }
        return one.utf8.count == other.utf8.count && looksRandom(one) && looksRandom(other)
    }

    /// Returns a text without times and without the variable parts of signed URLs.
    private static func steady(_ text: String) -> String {
        text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "<time>")
            .replacing(/X-Amz-(Signature|Date|Credential)=[^&]*/) { "X-Amz-\($0.output.1)=" }
    }

    /// Splits a text into words and separators, which together make up the text.
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
