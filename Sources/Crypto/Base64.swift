import CCrypto

/// Returns the base64 of bytes (RFC 4648, section 4), padded, on one line.
package func base64(_ bytes: [UInt8]) -> String {
    // Four characters for three bytes, and libcrypto's closing zero.
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
}

/// Decodes padded base64 of one line; nil for any other text.
package func bytes(base64 text: String) -> [UInt8]? {
    let letters = Array(text.utf8)
    let padding = letters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    let isPlain = letters.dropLast(padding).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
    guard isPlain, padding <= 2, letters.count % 4 == 0 else { return nil }
    guard !letters.isEmpty else { return [] }
    var bytes = [UInt8](repeating: 0, count: letters.count / 4 * 3)
    let count = EVP_DecodeBlock(&bytes, letters, Int32(letters.count))
    guard count >= padding else { return nil }
    return Array(bytes.prefix(Int(count) - padding))
}

/// Returns the base64url of bytes (RFC 4648, section 5), without padding.
package func base64URL(_ bytes: [UInt8]) -> String {
    base64(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// Decodes base64url without padding; nil for any other text, also for one whose last character
/// has bits that no byte needs.
package func bytes(base64URL text: String) -> [UInt8]? {
    guard !text.utf8.contains(where: { Array("+/=".utf8).contains($0) }) else { return nil }
    let plain = text.replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
    guard padding.utf8.count < 3, let decoded = bytes(base64: plain + padding),
        base64URL(decoded) == text
    else { return nil }
    return decoded
}
