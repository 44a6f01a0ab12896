/// Any JSON value (RFC 8259).
///
/// A request is first parsed into this type (`init(parsing:)`) and then read with
/// `JSONReader`: a plain `Decodable` type would stop at the first fault and not name its
/// place.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits into 64 bits.
    case integer(Int)
    /// Any other number, as the nearest double.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The kind of value for a message: `a number`, `null`.
    package var kindDescription: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The member of an object; nil if the member is missing or the value is not an object.
    package subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// The text of a string; nil for any other kind.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a number; nil for any other kind. Integers beyond 2^53 are rounded.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The value of a whole number, also of one written `2.0`; nil for any other value.
    package var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Self.wholeNumber(value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The number as an integer; nil unless a `Double` represents it and its neighbours
    /// exactly. (`Int(exactly:)` needs the C library's `trunc`, which a module without
    /// imports does not link.)
    package static func wholeNumber(_ number: Double) -> Int? {
        guard number.magnitude <= 9_007_199_254_740_991 else { return nil }
        let value = Int(number)
        return Double(value) == number ? value : nil
    }

    /// The document as compact UTF-8, members sorted by name, so that equal values have
    /// equal bytes.
    package var bytes: [UInt8] { JSONOutput(self).bytes }
}

extension JSONValue: Codable {
    /// - Throws: `DecodingError.dataCorrupted` for more levels than
    ///   `JSONLimits.nestingMax`, and errors of the decoder.
    package init(from decoder: any Decoder) throws {
        if let scalar = try Self.scalar(from: decoder) {
            self = scalar
            return
        }
        guard decoder.codingPath.count < JSONLimits.nestingMax else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: [],
                    debugDescription:
                        "The document has more than \(JSONLimits.nestingMax) levels."))
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
        if let number = try? container.decode(Int.self) { return .integer(number) }
        if let number = try? container.decode(Double.self) { return .number(number) }
        return nil
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .null, .bool, .integer, .number, .string:
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
        case .integer(let number): try container.encode(number)
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

/// Literals, for tests and for values built in code.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
