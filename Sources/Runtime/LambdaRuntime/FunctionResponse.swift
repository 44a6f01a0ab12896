import JSON

/// What a handler answers.
package enum FunctionResponse: Sendable {
    /// All of it at once; Lambda carries 6 MiB.
    case whole([UInt8])
    /// Piece by piece; Lambda carries 200 MB, of which the first 6 MB at full
    /// speed ("Response streaming", AWS Lambda Developer Guide).
    case streamed(StreamedResponse)
}

/// Answers one event, whole or as a stream.
package typealias FunctionHandler =
    @Sendable ([UInt8], InvocationContext) async throws -> FunctionResponse

/// A response that is sent while it is made.
package struct StreamedResponse: Sendable {
    /// Of the response to the Runtime API.
    package var contentType: String
    /// Bytes that stand before the body: the HTTP prelude, or nothing.
    package var prelude: [UInt8]
    /// Writes the body. What it throws before the first byte is reported as any
    /// error; after it, in the stream's trailers, and the caller sees a stream
    /// that was cut.
    package var body: @Sendable (any ResponseWriter) async throws -> Void

    /// A stream of bytes for whoever invoked the function by itself.
    package init(
        contentType: String = "application/octet-stream",
        body: @escaping @Sendable (any ResponseWriter) async throws -> Void
    ) {
        self.contentType = contentType
        prelude = []
        self.body = body
    }

    /// A streamed answer of a function URL: status and headers go first, as a
    /// JSON object and eight NUL bytes.
    package init(
        http head: FunctionURLResponse,
        body: @escaping @Sendable (any ResponseWriter) async throws -> Void
    ) {
        contentType = "application/vnd.awslambda.http-integration-response"
        prelude = StreamedResponse.prelude(head)
        self.body = body
    }

    /// An HTTP answer that is known whole, in the form of a streamed one: what
    /// a function in streaming mode answers when it has nothing to stream.
    package init(whole answer: FunctionURLResponse) {
        let bytes = answer.bodyBytes ?? []
        self.init(http: answer) { writer in
            if !bytes.isEmpty { try await writer.write(bytes) }
        }
    }

    private static func prelude(_ head: FunctionURLResponse) -> [UInt8] {
        var bytes = Array("{\"statusCode\":\(head.statusCode),\"headers\":{".utf8)
        for (index, header) in head.headers.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(header.key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            JSONText.append(header.value, to: &bytes)
        }
        bytes.append(contentsOf: "},\"cookies\":[".utf8)
        for (index, cookie) in (head.cookies ?? []).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(cookie, to: &bytes)
        }
        bytes.append(contentsOf: "]}".utf8)
        return bytes + Array(repeating: 0, count: 8)
    }
}

/// Where a streamed body goes.
package protocol ResponseWriter: Sendable {
    /// Sends bytes now, and returns when the platform's side has taken them:
    /// a slow reader slows the writer, so memory stays constant.
    /// - Throws: `ResponseStreamError` once nobody reads any more.
    func write(_ bytes: [UInt8]) async throws
}

/// The platform stopped reading a stream: the caller left, or it was refused.
package struct ResponseStreamError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Half a sentence.
    package var detail: String

    package init(detail: String) { self.detail = detail }

    package var description: String { "The response stream ended early: \(detail)." }
}

/// A created function, ready for events.
package struct LoadedFunction: Sendable {
    /// Answers each event.
    package var handle: FunctionHandler
    /// Loads what the first event needs and the start does not. Runs once, on
    /// another thread, while the first event is awaited; the event may come first.
    package var warmUp: (@Sendable () -> Void)?
    /// Runs before a SnapStart snapshot is taken.
    package var beforeSnapshot: @Sendable () async throws -> Void
    /// Runs in each environment restored from the snapshot, before its first event.
    /// Connections from before the snapshot are dead.
    package var afterRestore: @Sendable () async throws -> Void

    /// A function with all its hooks.
    package init(
        warmUp: (@Sendable () -> Void)? = nil,
        beforeSnapshot: @escaping @Sendable () async throws -> Void = {},
        afterRestore: @escaping @Sendable () async throws -> Void = {},
        handle: @escaping FunctionHandler
    ) {
        self.warmUp = warmUp
        self.beforeSnapshot = beforeSnapshot
        self.afterRestore = afterRestore
        self.handle = handle
    }

    /// A function whose response is one piece of bytes.
    package init(
        warmUp: (@Sendable () -> Void)? = nil, whole handler: @escaping RawHandler
    ) {
        self.init(warmUp: warmUp) { .whole(try await handler($0, $1)) }
    }
}
