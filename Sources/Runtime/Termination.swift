import Glibc
import Synchronization

/// SIGTERM as something to await.
///
/// Lambda kills about 500 ms after SIGTERM; a process that has not ended by
/// itself shortly before that ends here, with status 0.
final class Termination: Sendable {
    private struct State {
        var hasArrived = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let graceMilliseconds: UInt32

    /// Must be made before other threads start: they inherit the blocked
    /// signal, without which it would end the process at once.
    init(graceMilliseconds: UInt32 = 450) {
        self.graceMilliseconds = graceMilliseconds
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        startThread { self.waitForSignal() }
    }

    /// Returns when SIGTERM has come, or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.hasArrived, !Task.isCancelled else { return true }
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            takeWaiting()?.resume()
        }
    }

    private func waitForSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        var number: Int32 = 0
        while sigwait(&signals, &number) != 0 {}
        state.withLock { $0.hasArrived = true }
        takeWaiting()?.resume()
        usleep(graceMilliseconds * 1000)
        _exit(0)
    }

    private func takeWaiting() -> CheckedContinuation<Void, Never>? {
        state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
    }
}
