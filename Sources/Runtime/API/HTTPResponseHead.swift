/// Status line and headers while they are read.
struct HTTPResponseHead: Sendable, Hashable {
    enum Framing: Sendable, Hashable {
        case none
        case length(Int)
        case chunked, untilClose
    }

    var status = 0
    var headers: [HTTPResponse.Header] = []
    private var isVersion11 = true

    init() {}

    /// - Throws: unless the line is `HTTP/1.1 200` or `HTTP/1.0 200`, with a
    ///   space and a reason after it or not.
    init(statusLine line: [UInt8]) throws(HTTPParseError) {
        let isVersion11 = line.starts(with: "HTTP/1.1 ".utf8)
        guard isVersion11 || line.starts(with: "HTTP/1.0 ".utf8) else {
            throw HTTPParseError("the answer does not start with HTTP/1.1")
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
            line[..<colon].allSatisfy(HTTPResponseHead.isTokenByte)
        else { throw HTTPParseError("a header line is not a name, a colon and a value") }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw HTTPParseError("a header's value is not UTF-8")
        }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        headers.append(HTTPResponse.Header(name: name, value: text))
    }

    /// How the body's end is found (RFC 9112, section 6.3).
    func framing() throws(HTTPParseError) -> Framing {
        let lengths = values("content-length")
        let encodings = values("transfer-encoding")
        guard lengths.count <= 1, encodings.count <= 1, lengths.isEmpty || encodings.isEmpty else {
            throw HTTPParseError("the body's length is given more than once")
        }
        if let encoding = encodings.first {
            guard isVersion11, encoding.lowercased() == "chunked", ![204, 304].contains(status)
            else { throw HTTPParseError("the transfer encoding \(encoding) is not accepted") }
            return .chunked
        }
        guard let text = lengths.first else {
            return [204, 304].contains(status) ? .none : .untilClose
        }
        guard (1...15).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text)
        else { throw HTTPParseError("Content-Length is not a number") }
        guard status != 204 || length == 0 else {
            throw HTTPParseError("a 204 has a body")
        }
        return status == 304 ? .none : .length(length)
    }

    var isFramed: Bool { (try? framing()) != .untilClose }

    var keepsConnection: Bool {
        isVersion11
            && !values("connection").contains { value in
                value.lowercased().split(separator: ",").contains { $0.contains("close") }
            }
    }

    private func values(_ name: String) -> [String] {
        headers.compactMap { $0.name == name ? $0.value : nil }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
