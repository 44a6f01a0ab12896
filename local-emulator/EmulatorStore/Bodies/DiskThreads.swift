import Synchronization
import Threads

/// Threads that wait for the disk, so that the cooperative pool need not.
///
/// At most `threadCountMax` pieces of work run at the same time; the rest waits in the order
/// of arrival. That queue needs no limit: a connection has one request, and a request has at
/// most three pieces of work (its call, its hash, its flush), so `connectionCountMax` bounds it.
/// A thread starts when work finds none free, and stays until the owner is gone.
final class DiskThreads: Sendable {
    /// Enough for a disk's queue, and for fsyncs that the file system commits together.
    static let threadCountMax = 64

    private struct Work {
        let run: @Sendable () -> Void
    }

    private struct State {
        var waiting: ArraySlice<Work> = []
        var threadCount = 0
        var freeCount = 0
    }

    /// Kept alive by the threads, which therefore do not keep their owner alive.
    private final class Queue: Sendable {
        let state = Mutex(State())
        let arrivals = Wakeups()

        func run() {
            while let work = next() { work.run() }
        }

        /// - Returns: nil when the owner is gone and nothing waits.
        private func next() -> Work? {
            state.withLock { $0.freeCount += 1 }
            arrivals.wait()
            return state.withLock { state in
                state.freeCount -= 1
                return state.waiting.popFirst()
            }
        }
    }

    private let threadCountMax: Int
    private let queue = Queue()

    /// Starts no thread yet.
    init(threadCountMax: Int = DiskThreads.threadCountMax) { self.threadCountMax = threadCountMax }

    deinit {
        // A signal without work ends a thread.
        let count = queue.state.withLock { $0.threadCount }
        for _ in 0..<count { queue.arrivals.signal() }
    }

    /// Runs blocking work on one of the threads, soon. Never blocks.
    func start(_ body: @escaping @Sendable () -> Void) {
        let mustStart = queue.state.withLock { state in
            state.waiting.append(Work(run: body))
            guard state.waiting.count > state.freeCount,
                state.threadCount < threadCountMax
            else { return false }
            state.threadCount += 1
            return true
        }
        queue.arrivals.signal()
        if mustStart { startThread { [queue] in queue.run() } }
    }

    /// Runs blocking work on one of the threads and waits for its result.
    /// - Throws: the error of `body`.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: Result { try body() }) }
        }
    }
}
