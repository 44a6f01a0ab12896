/// Rules of RFC 9112 that libmicrohttpd 0.9.75 does not enforce. A message with ambiguous
/// framing allows request smuggling.
enum RequestRules {
    /// - Parameter headerBytes: Size of the request line and all fields as received.
    /// - Returns: nil for a well-formed head, otherwise the fault as a sentence.
    static func fault(
        method: String, target: String, version: String, headers: HeaderFields, headerBytes: Int
    ) -> String? {
        if !isToken(method) { return "The method is not a token." }
        if !target.utf8.starts(with: "/".utf8), target != "*" {
            return "The request target is not a path."
        }
        if target.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "The request target contains a control character."
        }
        for field in headers.fields {
            if !isToken(field.name) { return "A field name is not a token." }
            let isDirty = field.value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
            if isDirty { return "The field \(field.name) contains a control character." }
        }
        // libmicrohttpd joins folded lines and truncates values at NUL; the missing
        // bytes reveal both.
        let plainBytes = headers.fields.reduce(
            method.utf8.count + target.utf8.count + version.utf8.count + 6
        ) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        if headerBytes > plainBytes {
            return "The header contains folded lines, NUL or surplus space."
        }
        return framingFault(version: version, headers: headers)
    }

    /// True if a body follows the head.
    static func hasBody(_ headers: HeaderFields) -> Bool {
        if headers["transfer-encoding"] != nil { return true }
        return headers["content-length"].map { Int($0) != 0 } ?? false
    }

    private static func framingFault(version: String, headers: HeaderFields) -> String? {
        let hosts = headers.values(of: "host")
        if hosts.count > 1 { return "Host is a duplicate." }
        if hosts.isEmpty, version == "HTTP/1.1" { return "Host is missing." }
        let lengths = headers.values(of: "content-length")
        let codings = headers.values(of: "transfer-encoding")
        if lengths.count > 1 { return "Content-Length is a duplicate." }
        if let length = lengths.first {
            if !isLength(length) { return "Content-Length is not a number." }
            if !codings.isEmpty {
                return "Content-Length and Transfer-Encoding exclude each other."
            }
        }
        if codings.count > 1 { return "Transfer-Encoding is a duplicate." }
        if let coding = codings.first {
            if coding.lowercased() != "chunked" { return "Transfer-Encoding is not chunked." }
            if version != "HTTP/1.1" { return "Transfer-Encoding requires HTTP/1.1." }
        }
        return nil
    }

    /// True if the text is a length: digits alone, of a number that is not too large.
    static func isLength(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { 48...57 ~= $0 } && Int(text) != nil
    }

    /// True if the text is a token (RFC 9110, 5.6.2).
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
