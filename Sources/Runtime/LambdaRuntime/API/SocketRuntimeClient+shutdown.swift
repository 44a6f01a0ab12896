import Threads

extension SocketRuntimeClient {
    /// Registers this process as an extension without events, because Lambda sends SIGTERM before
    /// SIGKILL only if an extension is registered. Call it before the first `next`.
    ///
    /// Source: "Using the Lambda Extensions API", AWS Lambda Developer Guide.
    /// - Returns: nil, or the reason of the failure, which affects SIGTERM only.
    func registerForShutdown() async -> String? {
        do {
            let connection = try SocketConnection(to: endpoint)
            let response = try connection.exchange(
                .registerExtension, for: endpoint, limits: HTTPLimits())
            guard response.status == 200,
                let identifier = response.header("Lambda-Extension-Identifier")
            else { return "the status is \(response.status)" }
            let wait = RuntimeRequest.nextExtensionEvent(identifier)
            // The platform never answers an extension without events: this thread blocks until
            // the process ends.
            // SAFETY: only that thread uses the connection from here on.
            nonisolated(unsafe) let owned = connection
            startThread { [endpoint] in
                _ = try? owned.exchange(wait, for: endpoint, limits: HTTPLimits())
            }
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension RuntimeRequest {
    fileprivate static let registerExtension = RuntimeRequest(
        method: "POST", path: "/2020-01-01/extension/register",
        headers: [
            Header(name: "Lambda-Extension-Name", value: "bootstrap"),
            Header(name: "Content-Type", value: "application/json"),
        ], body: Array(#"{"events":[]}"#.utf8))

    fileprivate static func nextExtensionEvent(_ identifier: String) -> RuntimeRequest {
        RuntimeRequest(
            method: "GET", path: "/2020-01-01/extension/event/next",
            headers: [Header(name: "Lambda-Extension-Identifier", value: identifier)])
    }
}
