import Dispatch
import Synchronization

/// Runs work that waits for the disk, outside the cooperative pool.
///
/// The work that waits for a thread is bounded by the requests that the server handles: each
/// has at most one wait, one flush and one hash run at a time.
final class DiskQueue: Sendable {
    /// Threads that wait for the disk at the same time. A concurrent dispatch queue has no
    /// limit but the process's: a burst of uploads would take every thread of it. More than
    /// the cores, since most of the time is spent in fsync, and simultaneous fsyncs share one
    /// commit of the file system's journal.
    static let widthMax = 32

    private struct State {
        var running = 0
        /// In order of arrival; `first` is the index of the next.
        var waiting: [@Sendable () -> Void] = []
        var first = 0

        mutating func next() -> (@Sendable () -> Void)? {
            guard first < waiting.count else {
                (waiting, first) = ([], 0)
                return nil
            }
            defer { first += 1 }
            return waiting[first]
        }
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "spool-store-disk", attributes: .concurrent)

    /// Runs the work once one of the threads is free.
    func run(_ work: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.append(work)
            guard state.running < Self.widthMax else { return false }
            state.running += 1
            return true
        }
        if mustStart { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            let work = state.withLock { state in
                let work = state.next()
                if work == nil { state.running -= 1 }
                return work
            }
            guard let work else { return }
            work()
        }
    }
}
