import Dispatch

/// Runs work that waits for the disk, outside the cooperative pool.
///
/// The work is bounded by the requests that the server handles: each has at most one wait, one
/// flush and one hash run at a time. Its threads are bounded by libdispatch, at 64 blocked ones
/// in a process. A narrower queue is slower: most of the time is spent in fsync, and
/// simultaneous fsyncs share one commit of the file system's journal.
final class DiskQueue: Sendable {
    private let queue = DispatchQueue(label: "spool-store-disk", attributes: .concurrent)

    /// Runs the work once a thread is free.
    func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
