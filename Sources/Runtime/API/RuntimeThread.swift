import Glibc
import Synchronization

/// A thread of our own as an actor's executor, so that blocking calls of that
/// actor never hold a thread of the cooperative pool.
final class RuntimeThread: SerialExecutor {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    // SAFETY: sem_post and sem_wait may be called from any thread; the memory
    // lives until deinit, which runs after the thread has let go of self.
    private nonisolated(unsafe) let arrivals: UnsafeMutablePointer<sem_t>

    init() {
        arrivals = .allocate(capacity: 1)
        sem_init(arrivals, 0, 0)
        startThread { self.run() }
    }

    deinit {
        sem_destroy(arrivals)
        arrivals.deallocate()
    }

    /// Ends the thread once the jobs that are waiting have run.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        sem_post(arrivals)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        inbox.withLock { $0.jobs.append(job) }
        sem_post(arrivals)
    }

    private func run() {
        while true {
            while sem_wait(arrivals) != 0 {}
            let (jobs, isStopped) = inbox.withLock { inbox in
                defer { inbox.jobs.removeAll(keepingCapacity: true) }
                return (inbox.jobs, inbox.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped, jobs.isEmpty { return }
        }
    }
}

/// Runs `body` on a new detached thread.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    var thread = pthread_t()
    let result = pthread_create(
        &thread, nil,
        { argument in
            // SAFETY: retained for exactly this one call, just above.
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, box)
    precondition(result == 0, "The system has no thread left to start with.")
    pthread_detach(thread)
}
