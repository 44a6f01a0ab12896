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

    /// To be made once in a process: a signal has one handler.
    init(graceMilliseconds: UInt32 = 450) {
        self.graceMilliseconds = graceMilliseconds
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "The system has no descriptor left to start with.")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let arrival = ends[0]
        terminationPipe.store(ends[1], ordering: .releasing)
        startThread { self.waitForSignal(arrival) }
        // A handler and a pipe, for a blocked signal with sigwait needs every
        // thread to block it, and libdispatch starts threads that do not.
        signal(SIGTERM, noteTermination)
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

    private func waitForSignal(_ arrival: Int32) {
        var byte: UInt8 = 0
        while read(arrival, &byte, 1) != 1 {}
        state.withLock { $0.hasArrived = true }
        takeWaiting()?.resume()
        usleep(graceMilliseconds * 1000)
        CrashReporter.flush()
        _exit(0)
    }

    private func takeWaiting() -> CheckedContinuation<Void, Never>? {
        state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
    }
}

/// The write end of the pipe that tells of SIGTERM; -1 before there is one.
/// Global because C gives a signal handler nothing but the signal's number.
private let terminationPipe = Atomic<Int32>(-1)

/// Async-signal-safe: one load, one write, errno kept.
private let noteTermination: @convention(c) (Int32) -> Void = { _ in
    let saved = errno
    var byte: UInt8 = 1
    _ = write(terminationPipe.load(ordering: .acquiring), &byte, 1)
    errno = saved
}
