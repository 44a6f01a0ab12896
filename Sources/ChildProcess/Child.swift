import CProcess
import Synchronization

/// A started program, leader of its own process group.
///
/// It dies with this process (PR_SET_PDEATHSIG), even on `kill -9`. Whoever
/// starts one waits for it; when it ends, what is left of its group is killed.
package final class Child: Sendable {
    /// Called with each piece of output as it comes, in order, on a thread
    /// that serves all children: return quickly.
    package typealias OutputHandler = @Sendable ([UInt8]) -> Void

    private enum Outcome {
        case running([CheckedContinuation<ChildResult, Never>])
        case ended(ChildResult)
    }

    /// The process ID, which is the process group's too.
    package let processID: Int
    private let outcome = Mutex(Outcome.running([]))

    init(processID: Int) {
        self.processID = processID
    }

    /// Starts a program. Output nobody asks for is read and dropped.
    /// - Throws: `.startFailed`.
    package static func start(
        _ command: ChildCommand, onStandardOutput: OutputHandler? = nil,
        onStandardError: OutputHandler? = nil
    ) async throws(ChildProcessError) -> Child {
        let started: Result<Child, ChildProcessError> = await withCheckedContinuation {
            continuation in
            ChildSupervisor.shared.post(
                .start(
                    StartRequest(
                        command: command, onStandardOutput: onStandardOutput,
                        onStandardError: onStandardError,
                        started: { continuation.resume(returning: $0) })))
        }
        return try started.get()
    }

    /// Runs a program to its end.
    ///
    /// Cancelling the task sends SIGTERM to the group and, once the grace is
    /// over, SIGKILL; the call returns only when the child is gone.
    /// - Parameter graceMilliseconds: From SIGTERM to SIGKILL.
    /// - Returns: How it ended; a non-zero code or a signal is a result.
    /// - Throws: `.startFailed`, `.cancelled`.
    package static func run(
        _ command: ChildCommand, graceMilliseconds: Int = 2_000,
        onStandardOutput: OutputHandler? = nil, onStandardError: OutputHandler? = nil
    ) async throws(ChildProcessError) -> ChildResult {
        let cancelled = ChildProcessError(code: .cancelled, executable: command.executable)
        if Task.isCancelled { throw cancelled }
        let child = try await start(
            command, onStandardOutput: onStandardOutput, onStandardError: onStandardError)
        let result = await withTaskCancellationHandler {
            await child.wait()
        } onCancel: {
            child.terminate(graceMilliseconds: graceMilliseconds)
        }
        if Task.isCancelled { throw cancelled }
        return result
    }

    /// Asks the group to end (SIGTERM), and kills it when the grace is over.
    package func terminate(graceMilliseconds: Int) {
        ChildSupervisor.shared.post(
            .terminate(processID: processID, graceMilliseconds: graceMilliseconds))
    }

    /// Kills the whole group (SIGKILL). Harmless when the child has ended.
    package func kill() {
        ChildSupervisor.shared.post(.terminate(processID: processID, graceMilliseconds: 0))
    }

    /// Stops the whole group where it stands (SIGSTOP) until `resume`.
    package func pause() {
        ChildSupervisor.shared.post(.pause(processID: processID, isPaused: true))
    }

    /// Lets a paused group go on.
    package func resume() {
        ChildSupervisor.shared.post(.pause(processID: processID, isPaused: false))
    }

    /// The pipes that the child writes to, while they are open. The lock is
    /// held while something that was read is handed over.
    let pipes = Mutex<[Int32]>([])

    /// Waits until what the child has written so far was handed over.
    package func takeOutput() async {
        // Mostly there is nothing, and the way to the supervisor is saved.
        guard hasOutput else { return }
        await withCheckedContinuation { continuation in
            ChildSupervisor.shared.post(
                .takeOutput(processID: processID) { continuation.resume() })
        }
    }

    private var hasOutput: Bool {
        pipes.withLock { pipes in
            pipes.contains { pipe in
                var count: Int32 = 0
                return spool_readable_bytes(pipe, &count) != 0 || count > 0
            }
        }
    }

    /// Waits until the child has ended, is reaped, and its output was handed
    /// over. May be called any number of times. Cancelling does not end it.
    package func wait() async -> ChildResult {
        await withCheckedContinuation { continuation in
            let ended: ChildResult? = outcome.withLock { outcome in
                switch outcome {
                case .running(let waiting):
                    outcome = .running(waiting + [continuation])
                    return nil
                case .ended(let result):
                    return result
                }
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    func finish(_ result: ChildResult) {
        let waiting = outcome.withLock { outcome -> [CheckedContinuation<ChildResult, Never>] in
            guard case .running(let waiting) = outcome else { return [] }
            outcome = .ended(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }
}
