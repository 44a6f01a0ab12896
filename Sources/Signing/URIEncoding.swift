import Crypto

/// Percent-encodes text by the rules of SigV4: everything except `A-Z a-z 0-9 - .
/// _ ~`, with upper-case digits (AWS General Reference, "Create a canonical
/// request").
/// - Parameter keepingSlash: True for an S3 path.
package func uriEncode(_ text: String, keepingSlash: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        let letter = byte | 0x20
        let isPlain =
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "-._~".utf8.contains(byte) || (keepingSlash && byte == UInt8(ascii: "/"))
        if isPlain {
            result.append(byte)
        } else {
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}

/// Decodes percent-encoded text.
/// - Parameter plusIsSpace: True for a form or the key in an event.
/// - Returns: nil for a broken escape or bytes that are not UTF-8.
package func uriDecode(_ text: String, plusIsSpace: Bool = false) -> String? {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%") {
            guard rest.count >= 2,
                let decoded = bytes(hex: String(decoding: rest.prefix(2), as: UTF8.self))
            else { return nil }
            result += decoded
            rest = rest.dropFirst(2)
        } else {
            result.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
        }
    }
    return String(validating: result, as: UTF8.self)
}
