import JSON
import MediaTime
import RenderPlans

/// Replaces the placeholders `{{NAME}}` in a document's strings with the values of its
/// `merge` fields, once and before any other field is read.
///
/// A string that is only one placeholder becomes the replacement, of any type; inside
/// longer text a string, a number or a boolean is inserted as text. Replacements are not
/// searched for placeholders. A placeholder without a field is kept.
struct EditMerge {
    private let replacements: [String: JSONValue]
    private var addedBytes = 0

    /// Reads the merge fields.
    /// - Parameter fields: A list of `{find, replace}`; other elements are reported.
    init(_ fields: JSONNode, reader: inout JSONReader) {
        var replacements: [String: JSONValue] = [:]
        for element in reader.array(fields, maximum: Limits.mergeFieldCountMax) ?? [] {
            guard let field = reader.object(element) else { continue }
            let find = reader.required("find", of: field)
                .flatMap { reader.text($0, lengthMax: Limits.assetIDCharactersMax) }
            guard let replace = reader.required("replace", of: field), let find else { continue }
            replacements[find] = replace.value
        }
        self.replacements = replacements
    }

    /// The document with its placeholders replaced.
    /// - Returns: nil if the replacements exceed `Limits.mergedBytesMax`.
    mutating func filled(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .null, .bool, .integer, .number: return value
        case .string(let text): return filled(text: text)
        case .array(let values):
            var result: [JSONValue] = []
            result.reserveCapacity(values.count)
            for value in values {
                guard let value = filled(value) else { return nil }
                result.append(value)
            }
            return .array(result)
        case .object(let fields):
            var result: [String: JSONValue] = [:]
            for (name, value) in fields {
                guard let value = filled(value) else { return nil }
                result[name] = value
            }
            return .object(result)
        }
    }

    private mutating func filled(text: String) -> JSONValue? {
        let pieces = Self.pieces(of: text)
        if pieces.count == 1, case .name(let name, _) = pieces[0], let value = replacements[name] {
            return spend(Self.weight(of: value)) ? value : nil
        }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .name(let name, let source):
                guard let insert = replacements[name].flatMap(Self.printed) else {
                    result += source
                    continue
                }
                guard spend(insert.utf8.count) else { return nil }
                result += insert
            }
        }
        return .string(result)
    }

    private mutating func spend(_ bytes: Int) -> Bool {
        addedBytes += bytes
        return addedBytes <= Limits.mergedBytesMax
    }

    /// The text of a replacement inside longer text; nil for null, an array or an object.
    private static func printed(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): JSONValue.wholeNumber(number).map(String.init) ?? "\(number)"
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    private static func weight(of value: JSONValue) -> Int {
        switch value {
        case .null, .bool, .integer, .number: 8
        case .string(let text): text.utf8.count
        case .array(let values): values.reduce(8) { $0 + weight(of: $1) }
        case .object(let fields):
            fields.reduce(8) { $0 + $1.key.utf8.count + weight(of: $1.value) }
        }
    }

    private enum Piece {
        case text(String)
        case name(String, source: String)
    }

    /// The text and the placeholders in order, at least one piece.
    private static func pieces(of text: String) -> [Piece] {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return [.text(text)] }
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = range(of: "{{", in: rest),
            let close = range(of: "}}", in: rest[open.upperBound...])
        {
            if open.lowerBound > rest.startIndex {
                pieces.append(.text(String(rest[..<open.lowerBound])))
            }
            let name = rest[open.upperBound..<close.lowerBound]
            pieces.append(
                .name(trimmed(name), source: String(rest[open.lowerBound..<close.upperBound])))
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// The first range of two adjacent equal characters.
    private static func range(
        of pair: String, in text: Substring
    ) -> Range<String.Index>? {
        guard let wanted = pair.first else { return nil }
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == wanted, next < text.endIndex, text[next] == wanted {
                return index..<text.index(after: next)
            }
            index = next
        }
        return nil
    }
}
