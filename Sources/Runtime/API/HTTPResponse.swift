/// A whole answer.
struct HTTPResponse: Sendable, Hashable {
    struct Header: Sendable, Hashable {
        /// Lower-case.
        var name: String
        var value: String
    }

    var status: Int
    var headers: [Header]
    var body: [UInt8]
    /// False when only the end of the connection ends the body; it is not read
    /// then, for nobody could tell whether it is whole.
    var isFramed: Bool
    var keepsConnection: Bool

    /// The first value of a header; nil when it is absent or empty.
    func header(_ name: String) -> String? {
        let name = name.lowercased()
        let value = headers.first { $0.name == name }?.value
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Why an answer is not HTTP/1.1 as we accept it.
struct HTTPParseError: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Most that an answer may hold.
struct HTTPLimits: Sendable, Hashable {
    /// Status line, headers and trailers together.
    var headBytesMax = 64 << 10
    /// Lambda's events end at 6 MiB and some bytes; the rest is slack.
    var bodyBytesMax = 7 << 20
    /// 100 Continue and its like before the answer.
    var interimAnswersMax = 8
}
