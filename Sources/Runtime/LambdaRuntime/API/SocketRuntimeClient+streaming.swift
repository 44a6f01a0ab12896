extension SocketRuntimeClient {
    /// `POST /runtime/invocation/{id}/response` in chunks. A stream cannot be sent
    /// twice, so nothing is retried after its first byte.
    package func respond(
        streaming response: StreamedResponse, requestID: String
    ) async throws(RuntimeClientError) -> StreamOutcome {
        let request = RuntimeRequest.streamedResponse(
            contentType: response.contentType, requestID: requestID)
        let writer = StreamWriter(client: self, request: request, prelude: response.prelude)
        var failure: HandlerError?
        do {
            try await response.body(writer)
            // An empty body still has a head, and a prelude if there is one.
            if !hasBegunStream { try writeChunk([], request, prelude: response.prelude) }
        } catch {
            failure = HandlerError(reporting: error)
        }
        guard hasBegunStream else {
            let failure = failure ?? HandlerError(reporting: CancellationError())
            let report = try await reportError(failure, requestID: requestID)
            return StreamOutcome(report, failure: failure, bytes: 0)
        }
        let (report, bytes) = try endStream(request, failure)
        return StreamOutcome(report, failure: failure, bytes: bytes)
    }
}

/// Sends each piece over the client's connection, on the client's thread.
private struct StreamWriter: ResponseWriter {
    let client: SocketRuntimeClient
    let request: RuntimeRequest
    let prelude: [UInt8]

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try Task.checkCancellation()
        try await client.writeChunk(bytes, request, prelude: prelude)
    }
}
