/// Request line and headers of a request.
package struct RequestHead: Sendable {
    /// Method name, for instance `GET`.
    package var method: String
    /// Path as sent, percent-encoded; begins with a slash.
    package var path: String
    /// Query as sent, without the question mark; nil when there is none.
    package var query: String?
    /// Header fields in order of arrival.
    package var headers: HeaderFields
    /// The client's IP address.
    package var remoteAddress: String
    /// The client's TCP port; 0 when it is unknown.
    package var remotePort: Int

    /// A request head.
    package init(
        method: String, path: String, query: String? = nil, headers: HeaderFields = [:],
        remoteAddress: String = "127.0.0.1", remotePort: Int = 0
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
    }
}

/// Receives a body while it arrives. When the client disconnects before the end, the
/// consumer is released without a call: clean up in `deinit`.
package protocol BodyConsumer: AnyObject, Sendable {
    /// Receives the next bytes on a thread of the server, which may block on the disk.
    /// - Returns: false to discard the rest of the body.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// Called once after the last byte, on the same thread; not when the client
    /// disconnected before.
    /// - Parameter trailers: Trailer fields of a chunked body.
    func finish(trailers: HeaderFields)
}

extension BodyConsumer {
    /// Does nothing.
    package func finish(trailers: HeaderFields) {}
}

/// The treatment of a request's body.
package enum BodyPlan: Sendable {
    /// Keep it in memory; a larger body arrives as `.tooLarge`.
    case collect(bytesMax: Int)
    case consume(any BodyConsumer)
    /// Respond at once. A client that waits for 100-continue sends no body.
    case refuse(Response)
}

/// A request's body after its arrival.
package enum ReceivedBody: Sendable {
    /// The bytes; empty when there was no body.
    case bytes([UInt8])
    case consumed(any BodyConsumer)
    case tooLarge
}

/// Responds to requests. When the client disconnects, the calling task is cancelled.
package protocol HTTPHandler: Sendable {
    /// The plan for a body without a task, which saves two hops. Called on the
    /// connection's thread, so it must not block.
    /// - Returns: nil to be asked by `plan`.
    func immediatePlan(for head: RequestHead) -> BodyPlan?
    /// The plan for a body. Called once for each request, also without a body.
    func plan(for head: RequestHead) async -> BodyPlan
    /// The response. Called after the whole body has arrived.
    func respond(to head: RequestHead, body: ReceivedBody) async -> Response
    /// Completes a response by which the server itself refuses a request. Called on the
    /// connection's thread, so it must not block.
    func refusal(_ response: Response, of head: RequestHead) -> Response
}

extension HTTPHandler {
    /// Always asks `plan`.
    package func immediatePlan(for head: RequestHead) -> BodyPlan? { nil }

    /// Changes nothing.
    package func refusal(_ response: Response, of head: RequestHead) -> Response { response }
}

/// A response of a handler.
package struct Response: Sendable {
    /// Status code.
    package var status: Int
    /// Headers without Content-Length, Transfer-Encoding and Date, which the server
    /// sets.
    package var headers: [(String, String)]
    /// The body.
    package var body: ResponseBody

    /// A response.
    package init(
        status: Int, headers: [(String, String)] = [], body: ResponseBody = .none
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The body of a response.
package enum ResponseBody: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, sent by the kernel (sendfile).
    case file(FileDescriptor, offset: Int, bytes: Int)
    /// Parts of files, concatenated; `holding` is retained until all is sent.
    case files([FileSlice], holding: any Sendable)
    /// Sent in chunks while it is produced.
    case stream(any ResponseByteStream)
    /// The response to HEAD, with the length that GET would send.
    case omitted(bytes: Int)
}

/// A part of a file, opened when it is sent.
package struct FileSlice: Sendable {
    /// Path of the file.
    package var path: String
    /// Byte range.
    package var range: Range<Int>

    /// A slice.
    package init(path: String, range: Range<Int>) {
        self.path = path
        self.range = range
    }
}

/// A response body that is produced while it is sent.
package protocol ResponseByteStream: Sendable {
    /// The next bytes; nil at the end. An error breaks the connection, so that the
    /// client sees an incomplete body.
    func next() async throws -> [UInt8]?
    /// Called when nothing more is read: at the end, or when the client has disconnected.
    func abandon()
}

extension ResponseByteStream {
    /// Does nothing.
    package func abandon() {}
}
