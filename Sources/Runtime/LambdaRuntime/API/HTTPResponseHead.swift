/// Status line and headers of a response.
struct HTTPResponseHead: Sendable, Hashable {
    enum Framing: Sendable, Hashable {
        case none
        case length(Int)
        case chunked, untilClose
    }

    var status = 0
    var headers = HTTPHeaderFields()
    private var isVersion11 = true

    init() {}

    /// - Throws: Unless the line is like `HTTP/1.1 200` or `HTTP/1.0 200`, with or without
    ///   a space and a reason.
    init(statusLine line: [UInt8]) throws(HTTPParseError) {
        let isVersion11 = line.starts(with: "HTTP/1.1 ".utf8)
        guard isVersion11 || line.starts(with: "HTTP/1.0 ".utf8) else {
            throw HTTPParseError("the response does not start with HTTP/1.1")
        }
        let rest = line.dropFirst(9)
        let digits = rest.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            rest.count == 3 || rest[rest.startIndex + 3] == 0x20
        else { throw HTTPParseError("the status is not a number of three digits") }
        status = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard (100...599).contains(status) else {
            throw HTTPParseError("there is no status \(status)")
        }
        self.isVersion11 = isVersion11
    }

    mutating func append(headerLine line: [UInt8]) throws(HTTPParseError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            HTTPResponseHead.isToken(line, upTo: colon)
        else { throw HTTPParseError("a header line is not a name, a colon and a value") }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var start = colon + 1
        var end = line.count
        while start < end, isSpace(line[start]) { start += 1 }
        while end > start, isSpace(line[end - 1]) { end -= 1 }
        let isASCII = line[start..<end].allSatisfy { $0 < 0x80 }
        guard isASCII || String(validating: line[start..<end], as: UTF8.self) != nil else {
            throw HTTPParseError("a header's value is not UTF-8")
        }
        headers.append(line, colon: colon, value: start..<end)
    }

    /// Framing of the body (RFC 9112, section 6.3).
    func framing() throws(HTTPParseError) -> Framing {
        let lengths = headers.all("content-length")
        let encodings = headers.all("transfer-encoding")
        guard lengths.count <= 1, encodings.count <= 1, lengths.isEmpty || encodings.isEmpty else {
            throw HTTPParseError("the body's length is given more than once")
        }
        if let encoding = encodings.first {
            let name = String(decoding: encoding, as: UTF8.self)
            guard isVersion11, name.lowercased() == "chunked", ![204, 304].contains(status)
            else { throw HTTPParseError("the transfer encoding \(name) is not accepted") }
            return .chunked
        }
        guard let text = lengths.first else {
            return status == 204 || status == 304 ? .none : .untilClose
        }
        guard (1...15).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw HTTPParseError("Content-Length is not a number") }
        let length = text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard status != 204 || length == 0 else {
            throw HTTPParseError("a 204 has a body")
        }
        return status == 304 ? .none : .length(length)
    }

    var isFramed: Bool { (try? framing()) != .untilClose }

    var keepsConnection: Bool {
        isVersion11
            && !headers.all("connection").contains { value in
                String(decoding: value, as: UTF8.self).lowercased().split(separator: ",")
                    .contains { $0.contains("close") }
            }
    }

    private static func isToken(_ line: [UInt8], upTo end: Int) -> Bool {
        for index in 0..<end where !isTokenByte(line[index]) { return false }
        return true
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: "!#$%&'*+.^`|~".utf8.contains(byte)
        }
    }
}
