/// The parameters of a header field's value, `value; name=text; name="quoted text"`.
struct HeaderParameters {
    private var values: [String: String] = [:]

    /// Reads every parameter; the first of several with one name counts.
    init(_ value: String) {
        var rest = Substring(value).drop { $0 != ";" }
        while !rest.isEmpty {
            rest = rest.drop { $0 == ";" || $0 == " " || $0 == "\t" }
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            let text = rest.first == "\"" ? Self.quoted(&rest) : Self.plain(&rest)
            let key = name.filter { $0 != " " }.lowercased()
            if values[key] == nil { values[key] = text }
            rest = rest.drop { $0 != ";" }
        }
    }

    /// The parameter with a lower-case name.
    subscript(name: String) -> String? { values[name] }

    /// The parameter `name*` in UTF-8 (RFC 8187), which some clients send for other alphabets.
    func extended(_ name: String) -> String? {
        guard let text = values[name + "*"], text.lowercased().hasPrefix("utf-8'") else {
            return nil
        }
        let encoded = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard encoded.count == 3 else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(encoded[2].utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func plain(_ rest: inout Substring) -> String {
        var text = rest.prefix { $0 != ";" }
        rest = rest.dropFirst(text.count)
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// A backslash escapes a quote only: Windows paths hold others.
    private static func quoted(_ rest: inout Substring) -> String {
        rest = rest.dropFirst()
        var text = ""
        while let character = rest.popFirst(), character != "\"" {
            if character == "\\", rest.first == "\"" {
                text.append(rest.removeFirst())
            } else {
                text.append(character)
            }
        }
        return text
    }
}
