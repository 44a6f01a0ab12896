/// What a client asks for, before its body.
package struct RequestHead: Sendable {
    package var method: String
    /// Percent-encoded as it was sent; begins with a slash.
    package var path: String
    /// Without the question mark, as it was sent; nil when there is none.
    package var query: String?
    package var headers: HeaderFields
    /// The client's IP address.
    package var remoteAddress: String

    package init(
        method: String, path: String, query: String? = nil, headers: HeaderFields = [:],
        remoteAddress: String = "127.0.0.1"
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.remoteAddress = remoteAddress
    }
}

/// Takes a body as it arrives. When the client goes away in the middle, it is
/// released without further notice: clean up in `deinit`.
package protocol BodyConsumer: AnyObject, Sendable {
    /// Called in the order of arrival on a thread of the server, which may
    /// wait for the disk.
    /// - Returns: false to have the rest thrown away.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// Called once after the last byte, on the same thread; not when the client
    /// went away before.
    /// - Parameter trailers: The fields behind a chunked body.
    func finish(trailers: HeaderFields)
}

extension BodyConsumer {
    package func finish(trailers: HeaderFields) {}
}

/// What to do with a body that a request head announces.
package enum BodyPlan: Sendable {
    /// Keep it in memory; one that is larger arrives as `.tooLarge`.
    case collect(maximumBytes: Int)
    case consume(any BodyConsumer)
    /// Answer at once. A client that waits for 100-continue sends no body.
    case refuse(Response)
}

/// What became of the body.
package enum ReceivedBody: Sendable {
    /// Empty when there was none.
    case bytes([UInt8])
    case consumed(any BodyConsumer)
    case tooLarge
}

/// Answers requests. When the client goes away the calling task is cancelled.
package protocol HTTPHandler: Sendable {
    /// The plan for a body, where it can be told at once: it saves the way to a
    /// task and back. Called on the connection's thread, so it must not wait.
    /// - Returns: nil to be asked by `plan`.
    func immediatePlan(for head: RequestHead) -> BodyPlan?
    /// Called once for each request, also for one without a body.
    func plan(for head: RequestHead) async -> BodyPlan
    /// Called when the whole body is in.
    func respond(to head: RequestHead, body: ReceivedBody) async -> Response
}

extension HTTPHandler {
    package func immediatePlan(for head: RequestHead) -> BodyPlan? { nil }
}

package struct Response: Sendable {
    package var status: Int
    /// Without Content-Length, Transfer-Encoding and Date, which the server sets.
    package var headers: [(String, String)]
    package var body: ResponseBody

    package init(
        status: Int, headers: [(String, String)] = [], body: ResponseBody = .none
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

package enum ResponseBody: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, sent by the kernel (sendfile).
    case file(FileDescriptor, offset: Int, bytes: Int)
    /// Parts of files one after the other; `holding` is held until all is sent.
    case files([FileSlice], holding: any Sendable)
    /// Sent in chunks as it comes.
    case stream(any ResponseByteStream)
    /// The answer to HEAD: the length that GET would send.
    case omitted(bytes: Int)
}

/// A part of a file that is opened when its turn comes.
package struct FileSlice: Sendable {
    package var path: String
    package var range: Range<Int>

    package init(path: String, range: Range<Int>) {
        self.path = path
        self.range = range
    }
}

/// The bytes of a response that are not all there yet.
package protocol ResponseByteStream: Sendable {
    /// The next bytes; nil at the end. An error breaks the connection, so that
    /// the client knows that the body is not whole.
    func next() async throws -> [UInt8]?
}
