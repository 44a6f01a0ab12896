import Synchronization
import Threads

/// A thread of our own as an actor's executor, so that blocking calls of that
/// actor never hold a thread of the cooperative pool.
final class RuntimeThread: SerialExecutor {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let arrivals = Wakeups()

    init() {
        startThread { self.run() }
    }

    /// Ends the thread once the jobs that are waiting have run.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        arrivals.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        inbox.withLock { $0.jobs.append(job) }
        arrivals.signal()
    }

    private func run() {
        while true {
            arrivals.wait()
            let (jobs, isStopped) = inbox.withLock { inbox in
                defer { inbox.jobs.removeAll(keepingCapacity: true) }
                return (inbox.jobs, inbox.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped, jobs.isEmpty { return }
        }
    }
}
