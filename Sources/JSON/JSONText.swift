/// Writes JSON strings without an encoder: log lines and error documents must work without
/// Foundation.
package enum JSONText {
    /// Appends `text` as a JSON string, quotes included (RFC 8259, section 7).
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        // Almost all text needs no escapes and is copied in one piece.
        let isPlain = text.withUTF8 { utf8 in
            let isPlain = unsafe utf8.allSatisfy { byte in
                byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            }
            if isPlain { unsafe bytes.append(contentsOf: utf8) }
            return isPlain
        }
        if !isPlain { appendEscaping(text, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscaping(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigit(byte >> 4))
                bytes.append(hexDigit(byte & 15))
            default: bytes.append(byte)
            }
        }
    }

    /// Number of bytes of `text` as a JSON string, quotes included, without making the string.
    package static func byteCount(_ text: String) -> Int {
        text.utf8.reduce(2) { count, byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x0A, 0x0D, 0x09: count + 2
            case 0..<0x20: count + 6
            default: count + 1
            }
        }
    }

    /// The bytes of `text` as a JSON string, quotes included.
    package static func string(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        append(text, to: &bytes)
        return bytes
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
