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
    /// A number from 0 to below 1, for the jitter of retries.
    package var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
    /// Makes a client token that is unique.
    package var makeToken: @Sendable () -> String
    /// Returns when the user wants to stop, or the task is cancelled.
    package var interrupted: @Sendable () async -> Void

    /// A context of these functions.
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
