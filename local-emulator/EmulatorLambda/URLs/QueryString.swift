/// The decoded parameters of a query string, in order.
///
/// `+` decodes to a space; an invalid escape is kept unchanged.
struct QueryString {
    private(set) var parameters: [(name: String, value: String)] = []

    init(_ text: String?) {
        for pair in (text ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append(
                (
                    percentDecoded(halves[0], plusIsSpace: true),
                    halves.count == 2 ? percentDecoded(halves[1], plusIsSpace: true) : ""
                ))
        }
    }

    /// The value of the first parameter with a name; nil if there is none.
    subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// Each name once, with repeated values joined by commas (payload 2.0).
    var joined: [(String, String)] {
        var names: [String] = []
        var values: [String: String] = [:]
        for (name, value) in parameters {
            if let before = values[name] {
                values[name] = before + "," + value
            } else {
                names.append(name)
                values[name] = value
            }
        }
        return names.map { ($0, values[$0] ?? "") }
    }
}

/// Decodes the `%XX` escapes of a text.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let high = hexValue(rest[rest.startIndex]),
            let low = hexValue(rest[rest.startIndex + 1])
        {
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
