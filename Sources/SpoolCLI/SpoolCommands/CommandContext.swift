/// The environment of a command: network, output, clock and signals.
package struct CommandContext: Sendable {
    /// The transport of requests.
    package var transport: any APITransport
    /// Writes to standard output: results only.
    package var standardOutput: @Sendable ([UInt8]) -> Void
    /// Writes to standard error: progress and errors.
    package var standardError: @Sendable ([UInt8]) -> Void
    /// True if standard error is a terminal.
    package var isTerminal: Bool
    /// Waits for a number of milliseconds; throws when the task is cancelled.
    package var sleep: @Sendable (Int) async throws -> Void
    /// Returns a number from 0 to below 1, for the jitter of retries.
    package var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
    /// Returns a unique client token.
    package var makeToken: @Sendable () -> String
    /// Returns on an interrupt by the user, or when the task is cancelled.
    package var interrupted: @Sendable () async -> Void

    /// Creates a context from its functions.
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
