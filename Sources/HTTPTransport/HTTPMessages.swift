/// One request, complete as it goes over the wire.
package struct HTTPRequest: Sendable {
    package var method: String
    package var url: String
    /// In this order; curl adds `Host` and `Content-Length` where missing.
    package var headers: [(name: String, value: String)]
    package var body: HTTPRequestBody
    package var sink: HTTPSink
    /// Connecting takes no longer than this.
    package var connectTimeoutMilliseconds: Int
    /// The whole exchange takes no longer than this; 0 sets no limit.
    package var timeoutMilliseconds: Int
    /// Fewer than 1 kB/s for this long is a stall; 0 sets no limit.
    package var stallTimeoutSeconds: Int
    /// Gets the bytes of the body sent so far, on the transport's thread: it
    /// must be quick.
    package var onSent: (@Sendable (Int) -> Void)?

    package init(
        method: String, url: String, headers: [(name: String, value: String)] = [],
        body: HTTPRequestBody = .none, sink: HTTPSink = .memory(maximumBytes: 64 << 20),
        connectTimeoutMilliseconds: Int = 5_000, timeoutMilliseconds: Int = 0,
        stallTimeoutSeconds: Int = 30
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.sink = sink
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.stallTimeoutSeconds = stallTimeoutSeconds
    }
}

extension HTTPRequest {
    /// Whether URL and headers hold nothing that would end them early: curl sends
    /// a line break in a header as it is, and with it a header of somebody else.
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

package enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, streamed from disk as the network takes it.
    case file(path: String, offset: Int, bytes: Int)
    /// Bytes that are made as the network takes them; each sending opens a
    /// reader of its own, which gives exactly so many.
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

/// Gives a body's bytes in their order, on the transport's thread.
package protocol HTTPBodyReader: AnyObject {
    /// - Returns: the count of bytes that were put into the buffer; 0 at the end.
    func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(HTTPTransportError) -> Int
}

/// Where the bytes of a successful answer go. An answer of 300 and above always
/// goes to memory, so that its text can be read.
package enum HTTPSink: Sendable {
    /// More than this ends the transfer with `.tooLarge`.
    case memory(maximumBytes: Int)
    /// Written to this open file in order, from an offset in bytes. The caller
    /// keeps it open until the call returns. `observe` sees the bytes as they are
    /// written, on the transport's thread: it must be quick.
    case file(
        descriptor: Int32, offset: Int = 0,
        observe: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil)
}

package struct HTTPResponse: Sendable {
    package var status: Int
    /// As received; of an interim answer nothing is kept.
    package var headers: [(name: String, value: String)]
    /// Empty where the sink was a descriptor.
    package var body: [UInt8]
    /// Bytes of the body, wherever they went.
    package var bodyBytes: Int

    package init(
        status: Int, headers: [(name: String, value: String)], body: [UInt8], bodyBytes: Int
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.bodyBytes = bodyBytes
    }

    /// The first header of that name, in any case.
    package subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Why there is no complete answer.
package struct HTTPTransportError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// No connection: name, address, refused.
        case connect
        case timeout
        /// The connection broke before the answer was complete.
        case reset
        case tls
        /// More bytes than the caller takes.
        case tooLarge
        /// The local file could not be read or written.
        case localFile
        case cancelled
        /// The request or the answer is not HTTP.
        case invalid
    }

    package var code: Code
    /// libcurl's words; holds no URL.
    package var text: String

    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    package var description: String { "The HTTP exchange failed (\(code.rawValue)): \(text)." }
}

/// Sends one request and gives its answer; no retries, no redirects.
package protocol HTTPClient: Sendable {
    /// - Throws: when there is no complete answer; any status is an answer.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}
