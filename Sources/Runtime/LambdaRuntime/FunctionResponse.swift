import JSON

/// The response of a handler.
package enum FunctionResponse: Sendable {
    /// In one piece, at most 6 MiB on Lambda.
    case whole([UInt8])
    /// As a stream, at most 200 MB on Lambda, the first 6 MB at full speed ("Response
    /// streaming", AWS Lambda Developer Guide).
    case streamed(StreamedResponse)
}

/// Answers one event, whole or as a stream.
package typealias FunctionHandler =
    @Sendable ([UInt8], InvocationContext) async throws -> FunctionResponse

/// A response that is sent while it is produced.
package struct StreamedResponse: Sendable {
    /// Content type of the request to the Runtime API.
    package var contentType: String
    /// Bytes before the body: the HTTP prelude, or none.
    package var prelude: [UInt8]
    /// Writes the body. An error before the first byte is reported as usual; a later
    /// one is sent in the trailers, and the caller sees a truncated stream.
    package var body: @Sendable (any ResponseWriter) async throws -> Void

    /// A stream of bytes for a direct invocation.
    package init(
        contentType: String = "application/octet-stream",
        body: @escaping @Sendable (any ResponseWriter) async throws -> Void
    ) {
        self.contentType = contentType
        prelude = []
        self.body = body
    }

    /// A streamed response of a function URL. Its prelude is status and headers as a JSON
    /// object, followed by eight NUL bytes.
    package init(
        http head: FunctionURLResponse,
        body: @escaping @Sendable (any ResponseWriter) async throws -> Void
    ) {
        contentType = "application/vnd.awslambda.http-integration-response"
        prelude = StreamedResponse.prelude(head)
        self.body = body
    }

    /// A complete HTTP response in the form of a stream, for a function in streaming mode
    /// that has nothing to stream.
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

/// Receives a streamed body.
package protocol ResponseWriter: Sendable {
    /// Sends bytes and returns when the platform has accepted them, so a slow reader
    /// slows the writer and memory stays constant.
    /// - Throws: `ResponseStreamError` after the platform has stopped reading.
    func write(_ bytes: [UInt8]) async throws
}

/// The platform stopped reading a stream: the caller disconnected, or it was refused.
package struct ResponseStreamError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason, without a full stop.
    package var detail: String

    /// An error.
    package init(detail: String) { self.detail = detail }

    /// One sentence with the reason.
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
