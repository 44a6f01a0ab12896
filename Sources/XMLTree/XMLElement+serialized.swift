extension XMLElement {
    /// The document as UTF-8 with its XML declaration.
    ///
    /// Characters that XML 1.0 does not allow are written as U+FFFD, so that a
    /// listing with such a key stays readable (`encoding-type=url` keeps them).
    package func serialized() -> [UInt8] {
        var bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        bytes += "<\(name)".utf8
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            bytes += " \(name)=\"".utf8
            Self.append(escaping: value, to: &bytes)
            bytes += "\"".utf8
        }
        guard !text.isEmpty || !children.isEmpty else {
            bytes += "/>".utf8
            return
        }
        bytes += ">".utf8
        Self.append(escaping: text, to: &bytes)
        for child in children { child.append(to: &bytes) }
        bytes += "</\(name)>".utf8
    }

    private static func append(escaping text: String, to bytes: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: bytes += "&amp;".utf8
            case 0x3C: bytes += "&lt;".utf8
            case 0x3E: bytes += "&gt;".utf8
            case 0x22: bytes += "&quot;".utf8
            case 0x0D: bytes += "&#13;".utf8
            case 0x09, 0x0A, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF:
                bytes += UTF8.encode(scalar).map(Array.init) ?? []
            default: bytes += "\u{FFFD}".utf8
            }
        }
    }
}
