/// Any JSON value.
///
/// A request is parsed into this first (`init(parsing:)`) and then read with
/// `EditReader`: a plain `Decodable` type would stop at the first fault, and
/// would not say where. `Codable` is for small values inside stored documents.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// What a person calls this kind of value: `a number`, `null`.
    package var kindDescription: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: Codable {
    /// - Throws: `DecodingError.dataCorrupted` for more levels than
    ///   `Limits.deepestNesting`, and what the decoder itself throws.
    package init(from decoder: any Decoder) throws {
        if let scalar = try Self.scalar(from: decoder) {
            self = scalar
            return
        }
        guard decoder.codingPath.count < Limits.deepestNesting else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: [],
                    debugDescription:
                        "The document has more than \(Limits.deepestNesting) levels."))
        }
        if var elements = try? decoder.unkeyedContainer() {
            var values: [JSONValue] = []
            while !elements.isAtEnd { values.append(try elements.decode(JSONValue.self)) }
            self = .array(values)
            return
        }
        let fields = try decoder.container(keyedBy: Name.self)
        var values: [String: JSONValue] = [:]
        for name in fields.allKeys {
            values[name.stringValue] = try fields.decode(JSONValue.self, forKey: name)
        }
        self = .object(values)
    }

    private static func scalar(from decoder: any Decoder) throws -> JSONValue? {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() { return .null }
        if let text = try? container.decode(String.self) { return .string(text) }
        if let flag = try? container.decode(Bool.self) { return .bool(flag) }
        if let number = try? container.decode(Double.self) { return .number(number) }
        return nil
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .null, .bool, .number, .string:
            try encodeScalar(to: encoder)
        case .array(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        case .object(let fields):
            var container = encoder.container(keyedBy: Name.self)
            for (name, value) in fields {
                try container.encode(value, forKey: Name(stringValue: name))
            }
        }
    }

    private func encodeScalar(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .null, .array, .object: try container.encodeNil()
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Literals, for tests and for values that a program makes itself.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
