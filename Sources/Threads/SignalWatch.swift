import Glibc
import Synchronization

/// Signals of the process (SIGTERM, SIGINT) as an awaitable event. Create one
/// per process, at its start: a signal has one handler.
package final class SignalWatch: Sendable {
    private struct State {
        var hasArrived = false
        var nextWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Installs the handlers.
    /// - Parameters:
    ///   - signals: Handled by this watch from now on.
    ///   - onArrival: Runs once, on a thread that may block, after the first signal has arrived
    ///     and the waiting tasks were resumed.
    package init(_ signals: [Int32], onArrival: @escaping @Sendable () -> Void) {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "The system cannot create a pipe for signals.")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signalPipe.store(ends[1], ordering: .releasing)
        let arrival = ends[0]
        startThread {
            var byte: UInt8 = 0
            while read(arrival, &byte, 1) != 1 {}
            self.resumeWaiting()
            onArrival()
        }
        // A handler and a pipe: sigwait needs every thread to block the signal,
        // and libdispatch starts threads that do not.
        for number in signals { signal(number, reportSignal) }
    }

    /// Returns when one of the signals has arrived or the task is cancelled.
    package func wait() async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.hasArrived, !Task.isCancelled else { return true }
                    state.waiting[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume()
        }
    }

    private func resumeWaiting() {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            state.hasArrived = true
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }
}

/// Write end of the pipe that reports a signal; -1 before it exists. Global because a signal
/// handler receives only the signal's number.
private let signalPipe = Atomic<Int32>(-1)

/// Async-signal-safe: one load, one write, errno kept.
private let reportSignal: @convention(c) (Int32) -> Void = { _ in
    let saved = errno
    var byte: UInt8 = 1
    _ = write(signalPipe.load(ordering: .acquiring), &byte, 1)
    errno = saved
}
