import Threads

/// An actor's executor with its own thread: blocking calls of the actor hold no thread of the
/// cooperative pool.
final class RuntimeThread: SerialExecutor {
    /// A job with the executor that it keeps alive until it has run.
    private struct Job: Sendable {
        let job: UnownedJob
        let executor: RuntimeThread
    }

    /// Maximum number of waiting jobs of one client. A loop has one task and a few helpers; more
    /// means that the thread has hung, and a job cannot be refused.
    private static let jobCountMax = 1_024

    private let mailbox = MailboxThread<Job>(capacity: RuntimeThread.jobCountMax) { mailbox in
        while let jobs = mailbox.receive() {
            for job in jobs {
                job.job.runSynchronously(on: job.executor.asUnownedSerialExecutor())
            }
        }
    }

    /// Jobs keep the executor alive, so none is waiting here.
    deinit { mailbox.stop() }

    func enqueue(_ job: consuming ExecutorJob) {
        let delivery = mailbox.post(Job(job: UnownedJob(job), executor: self))
        precondition(delivery == .accepted, "The Runtime API client's thread has hung.")
    }
}
