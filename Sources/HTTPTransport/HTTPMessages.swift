/// One HTTP request with all that is sent.
package struct HTTPRequest: Sendable {
    /// Method name, for instance `GET`.
    package var method: String
    /// Absolute URL, percent-encoded.
    package var url: String
    /// Headers in sending order; curl adds `Host` and `Content-Length` if missing.
    package var headers: [(name: String, value: String)]
    /// The body to send.
    package var body: HTTPRequestBody
    /// The destination of a successful response's body.
    package var sink: HTTPSink
    /// Limit for connecting.
    package var connectTimeout: Duration
    /// Limit for the whole exchange; nil sets no limit.
    package var timeout: Duration?
    /// A transfer below 1 kB/s for this long fails, in whole seconds; nil sets no limit.
    package var stallTimeout: Duration?
    /// Receives the number of body bytes sent so far, on the transport's thread:
    /// it must return quickly.
    package var onSent: (@Sendable (Int) -> Void)?
    /// Asked with the address of each connection, 4 or 16 bytes in network order, before it is
    /// opened; false refuses it. The request then has a connection of its own. Nil permits all.
    package var permitsAddress: (@Sendable ([UInt8]) -> Bool)?
    /// Bytes of the response's body that are kept; the rest is dropped, and a transfer of more
    /// than 64 KiB is ended early. Nil keeps the body as `sink` says.
    package var excerptBytes: Int?
    /// The message of a request over SMTP; nil for HTTP.
    var mail: MailSubmission?

    /// A request; by default without a body, with the response in memory.
    package init(
        method: String, url: String, headers: [(name: String, value: String)] = [],
        body: HTTPRequestBody = .none, sink: HTTPSink = .memory(bytesMax: 64 << 20),
        connectTimeout: Duration = .seconds(5), timeout: Duration? = nil,
        stallTimeout: Duration? = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.sink = sink
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.stallTimeout = stallTimeout
    }
}

extension HTTPRequest {
    /// True if method, URL and headers are free of control characters: curl sends a
    /// line break in a header unchanged, which would inject another header.
    var isWellFormed: Bool {
        let isPlain = { (text: String, lowest: UInt8) in
            text.utf8.allSatisfy { $0 >= lowest && $0 != 0x7F }
        }
        return isPlain(url, 0x21) && isPlain(method, 0x21)
            && headers.allSatisfy { name, value in
                !name.isEmpty && isPlain(name, 0x21) && !name.utf8.contains(UInt8(ascii: ":"))
                    && value.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x09 }
            }
    }
}

/// The body of a request.
package enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, read while it is sent.
    case file(path: String, offset: Int, bytes: Int)
    /// `bytes` bytes, produced while they are sent. Each attempt opens a new reader.
    case stream(
        bytes: Int, open: @Sendable () throws(HTTPTransportError) -> any HTTPBodyReader)

    /// Length in bytes; nil without a body.
    package var count: Int? {
        switch self {
        case .none: nil
        case .bytes(let bytes): bytes.count
        case .file(_, _, let bytes), .stream(let bytes, _): bytes
        }
    }
}

/// Produces the bytes of a body in order, on the transport's thread.
package protocol HTTPBodyReader: AnyObject {
    /// Fills the buffer from its beginning.
    /// - Returns: The number of bytes written; 0 at the end of the body.
    func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(HTTPTransportError) -> Int
}

/// The destination of a successful response's body. The body of a status of 300 or above
/// always goes to memory, so that its text can be read.
package enum HTTPSink: Sendable {
    /// In memory; a larger body fails with `.tooLarge`.
    case memory(bytesMax: Int)
    /// Written to an open file in order, from an offset in bytes. The caller keeps
    /// it open until the call returns. `observe` receives the bytes, on the
    /// transport's thread: it must return quickly. A body above `bytesMax` fails with
    /// `.tooLarge`; nil sets no limit.
    case file(
        descriptor: Int32, offset: Int = 0, bytesMax: Int? = nil,
        observe: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil)
}

/// A complete response.
package struct HTTPResponse: Sendable {
    /// Status code.
    package var status: Int
    /// Headers as received; those of interim responses are dropped.
    package var headers: [(name: String, value: String)]
    /// The body; empty if it went to a file.
    package var body: [UInt8]
    /// Length of the body in bytes, in memory or in a file.
    package var bodyBytes: Int

    /// A response.
    package init(
        status: Int, headers: [(name: String, value: String)], body: [UInt8], bodyBytes: Int
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.bodyBytes = bodyBytes
    }

    /// The value of the first header with this name, ignoring case.
    package subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// A request that got no complete response.
package struct HTTPTransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kinds of failure.
    package enum Code: String, Sendable, Hashable {
        /// No connection: unknown name, no route, refused, or too many requests are waiting.
        case connect
        case timeout
        /// The connection broke before the response was complete.
        case reset
        case tls
        /// The response is larger than the caller's limit.
        case tooLarge
        /// The local file could not be read or written.
        case localFile
        case cancelled
        /// Every address of the host was refused by `permitsAddress`.
        case forbiddenAddress
        /// The request or the response is not valid HTTP.
        case invalid
    }

    /// The kind of failure.
    package var code: Code
    /// libcurl's message; contains no URL.
    package var text: String

    /// An error.
    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    /// One sentence with the kind and libcurl's message.
    package var description: String { "The HTTP exchange failed (\(code.rawValue)): \(text)." }
}

/// Sends one request and returns its response; no retries, no redirects.
package protocol HTTPClient: Sendable {
    /// Sends a request.
    /// - Throws: If there is no complete response; every status is a response.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}
