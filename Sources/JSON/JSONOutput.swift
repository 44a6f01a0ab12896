/// A JSON document to write, with members in the given order.
///
/// For documents of several megabytes, for which `JSONEncoder` is too slow, and for
/// documents that embed others unchanged.
package indirect enum JSONOutput: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// A number; written as `null` if it is not finite, because JSON has no such number.
    case number(Double)
    case string(String)
    /// JSON text, written unchanged.
    case raw([UInt8])
    case array([JSONOutput])
    /// An object with members in this order.
    case object([(String, JSONOutput)])

    /// Creates the same document, with members sorted by name.
    package init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .boolean(flag)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .string(let text): self = .string(text)
        case .array(let values): self = .array(values.map { JSONOutput($0) })
        case .object(let members):
            self = .object(
                members.sorted { $0.key < $1.key }.map { ($0.key, JSONOutput($0.value)) })
        }
    }

    /// Creates an object without the members whose value is nil.
    package static func compact(_ members: [(String, JSONOutput?)]) -> JSONOutput {
        .object(members.compactMap { name, value in value.map { (name, $0) } })
    }

    /// A string; nil for nil.
    package static func optional(_ text: String?) -> JSONOutput? { text.map { .string($0) } }

    /// The document as UTF-8.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .number(let value): bytes += (value.isFinite ? String(value) : "null").utf8
        case .string(let text): JSONText.append(text, to: &bytes)
        case .raw(let document): bytes += document
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONText.append(member.0, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.1.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
