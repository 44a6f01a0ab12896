import Glibc
import Synchronization

/// Ctrl-C (SIGINT) and SIGTERM as something to await.
///
/// The second one ends the process at once, as it would without us.
package final class Interrupt: Sendable {
    private struct State {
        var hasArrived = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// To be made once in a process: a signal has one handler.
    package init() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }  // Ctrl-C then ends the process only.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        interruptPipe.store(ends[1], ordering: .releasing)
        let arrival = ends[0]
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Start { self.waitForSignal(arrival) }).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { argument in
                // SAFETY: retained for exactly this one call, just above.
                Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, box)
        guard result == 0 else { return }
        pthread_detach(thread)
        signal(SIGINT, noteInterrupt)
        signal(SIGTERM, noteInterrupt)
    }

    /// Returns when the user interrupts, or the task is cancelled.
    package func wait() async {
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
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        state.withLock { $0.hasArrived = true }
        takeWaiting()?.resume()
    }

    private func takeWaiting() -> CheckedContinuation<Void, Never>? {
        state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
    }

    private final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

/// The write end of the pipe that tells of an interrupt; -1 before there is one.
/// Global because C gives a signal handler nothing but the signal's number.
private let interruptPipe = Atomic<Int32>(-1)

/// Async-signal-safe: one load, one write, errno kept.
private let noteInterrupt: @convention(c) (Int32) -> Void = { _ in
    let saved = errno
    var byte: UInt8 = 1
    _ = write(interruptPipe.load(ordering: .acquiring), &byte, 1)
    errno = saved
}
