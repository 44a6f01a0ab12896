/// What a command needs of the world around it.
package struct CommandContext: Sendable {
    /// The network.
    package var transport: any APITransport
    /// Results, and nothing else.
    package var standardOutput: @Sendable ([UInt8]) -> Void
    /// Progress and errors.
    package var standardError: @Sendable ([UInt8]) -> Void
    /// Whether standard error is a terminal.
    package var isTerminal: Bool
    /// Waits this many milliseconds; throws when the task is cancelled.
    package var sleep: @Sendable (Int) async throws -> Void
    /// Makes a client token nobody used before.
    package var makeToken: @Sendable () -> String
    /// Returns when the user wants to stop, or the task is cancelled.
    package var interrupted: @Sendable () async -> Void

    package init(
        transport: any APITransport, standardOutput: @escaping @Sendable ([UInt8]) -> Void,
        standardError: @escaping @Sendable ([UInt8]) -> Void, isTerminal: Bool,
        sleep: @escaping @Sendable (Int) async throws -> Void,
        makeToken: @escaping @Sendable () -> String,
        interrupted: @escaping @Sendable () async -> Void
    ) {
        self.transport = transport
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.isTerminal = isTerminal
        self.sleep = sleep
        self.makeToken = makeToken
        self.interrupted = interrupted
    }

    func print(_ line: String) { standardOutput(Array((line + "\n").utf8)) }

    func show(_ text: String) {
        if !text.isEmpty { standardError(Array(text.utf8)) }
    }
}

/// Which failures are worth another attempt, and when.
struct RequestRetries: Sendable, Hashable {
    static let max = 4
    private static let firstMilliseconds = 200

    /// Repeats `request` while it fails in a way that may pass: every call of
    /// these commands may be sent twice.
    static func send(
        _ request: APIRequest, in context: CommandContext, action: String,
        progress: (@Sendable (Int) -> Void)? = nil
    ) async throws -> APIResponse {
        var attempt = 1
        while true {
            do {
                let response = try await context.transport.send(request, progress: progress)
                let mayPass = [429, 500, 502, 503, 504].contains(response.status)
                if !mayPass || attempt == max { return response }
            } catch let error as APITransportError {
                guard error.isTransient, attempt < max else {
                    throw CommandError("\(action) failed: \(error.detail).")
                }
            }
            try await context.sleep(firstMilliseconds << (attempt - 1))
            attempt += 1
        }
    }
}
