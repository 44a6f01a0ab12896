import CProcess
import Synchronization

/// A started program, leader of its own process group.
///
/// It dies with this process (PR_SET_PDEATHSIG), even on `kill -9`. The caller
/// that starts a child must wait for it. When the child ends, the rest of its
/// group is killed.
package final class Child: Sendable {
    /// Receives each piece of output in order, on the thread that serves all
    /// children: it must return quickly.
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

    /// Starts a program. Output without a handler is read and dropped.
    /// - Throws: `.startFailed`.
    package static func start(
        _ command: ChildCommand, onStandardOutput: OutputHandler? = nil,
        onStandardError: OutputHandler? = nil
    ) async throws(ChildProcessError) -> Child {
        let started: Result<Child, ChildProcessError> = await withCheckedContinuation {
            continuation in
            ChildSupervisor.shared.start(
                StartRequest(
                    command: command, onStandardOutput: onStandardOutput,
                    onStandardError: onStandardError,
                    started: { continuation.resume(returning: $0) }))
        }
        return try started.get()
    }

    /// Runs a program to its end.
    ///
    /// Cancelling the task sends SIGTERM to the group and, after the grace
    /// period, SIGKILL; the call returns after the child has been reaped.
    /// - Parameter grace: Time between SIGTERM and SIGKILL.
    /// - Returns: The exit; a non-zero code or a signal is a result, not an error.
    /// - Throws: `.startFailed`, `.cancelled`.
    package static func run(
        _ command: ChildCommand, grace: Duration = .seconds(2),
        onStandardOutput: OutputHandler? = nil, onStandardError: OutputHandler? = nil
    ) async throws(ChildProcessError) -> ChildResult {
        let cancelled = ChildProcessError(code: .cancelled, executable: command.executable)
        if Task.isCancelled { throw cancelled }
        let child = try await start(
            command, onStandardOutput: onStandardOutput, onStandardError: onStandardError)
        let result = await withTaskCancellationHandler {
            await child.wait()
        } onCancel: {
            child.terminate(grace: grace)
        }
        if Task.isCancelled { throw cancelled }
        return result
    }

    /// Sends SIGTERM to the group, and SIGKILL after the grace period.
    package func terminate(grace: Duration) {
        ChildSupervisor.shared.post(
            .terminate(processID: processID, grace: grace))
    }

    /// Sends SIGKILL to the group. Harmless after the child's end.
    package func kill() {
        ChildSupervisor.shared.post(.terminate(processID: processID, grace: .zero))
    }

    /// Suspends the group (SIGSTOP) until `resume`.
    package func pause() {
        ChildSupervisor.shared.post(.pause(processID: processID, isPaused: true))
    }

    /// Resumes a paused group (SIGCONT).
    package func resume() {
        ChildSupervisor.shared.post(.pause(processID: processID, isPaused: false))
    }

    /// Reading ends of the child's open pipes. The lock is held while a handler
    /// receives what was read.
    let pipes = Mutex<[Int32]>([])

    /// Waits until the handlers have received everything that the child has written so far.
    package func takeOutput() async {
        // Usually the pipes are empty, and the round trip to the supervisor is saved.
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

    /// Waits until the child is reaped and the handlers have received its output.
    /// May be called any number of times. Cancelling does not end the child.
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
