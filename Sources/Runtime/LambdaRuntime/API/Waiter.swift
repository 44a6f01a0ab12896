import Glibc
import Synchronization

/// Ends a blocked `next` from another thread.
final class Waiter: Sendable {
    private struct State {
        var isTerminated = false
        /// The socket that `next` blocks on; open while it is set.
        var descriptor: Int32?
    }

    private let state = Mutex(State())

    var isTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Registers the socket that the client is about to block on.
    /// - Throws: `.terminated` after `terminate`.
    func begin(on descriptor: Int32) throws(RuntimeClientError) {
        let isTerminated = state.withLock { state in
            if !state.isTerminated { state.descriptor = descriptor }
            return state.isTerminated
        }
        if isTerminated { throw Waiter.terminated }
    }

    /// - Throws: `.terminated` after `terminate`.
    func check() throws(RuntimeClientError) {
        if isTerminated { throw Waiter.terminated }
    }

    private static let terminated = RuntimeClientError(
        .terminated, operation: RuntimeRequest.next.operation, detail: "SIGTERM arrived")

    /// Call before the socket can be closed.
    func end() { state.withLock { $0.descriptor = nil } }

    /// Ends the current and every following `next`. Callable from any thread.
    func terminate() {
        state.withLock { state in
            state.isTerminated = true
            if let descriptor = state.descriptor { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}
