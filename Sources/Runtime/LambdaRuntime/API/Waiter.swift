import Glibc
import Synchronization

/// The one thing that another thread may do to a `next` that waits: end it.
final class Waiter: Sendable {
    private struct State {
        var isTerminated = false
        /// Open for as long as it stands here.
        var descriptor: Int32?
    }

    private let state = Mutex(State())

    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Names the socket that the client is about to block on.
    /// - Throws: `.terminated` when termination came first.
    func begin(on descriptor: Int32) throws(RuntimeClientError) {
        let isTerminated = state.withLock { state in
            if !state.isTerminated { state.descriptor = descriptor }
            return state.isTerminated
        }
        if isTerminated { throw Waiter.terminated }
    }

    /// - Throws: `.terminated` when termination has come.
    func check() throws(RuntimeClientError) {
        if isTerminated { throw Waiter.terminated }
    }

    private static let terminated = RuntimeClientError(
        .terminated, operation: RuntimeRequest.next.operation, detail: "SIGTERM came")

    /// To be called before the socket can be closed.
    func end() { state.withLock { $0.descriptor = nil } }

    func terminate() {
        state.withLock { state in
            state.isTerminated = true
            if let descriptor = state.descriptor { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}
