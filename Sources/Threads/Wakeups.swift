import Glibc

/// A counting semaphore for threads that may block. It must outlive every wait.
package final class Wakeups: @unchecked Sendable {
    // SAFETY: the pointer never changes, and POSIX semaphores may be used from
    // any thread; it is destroyed when no reference is left.
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// Creates a semaphore with the value 0.
    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets one `wait` return, now or later. Callable from any thread or task.
    package func signal() { sem_post(semaphore) }

    /// Blocks the calling thread until there is a signal, and consumes it.
    package func wait() { while sem_wait(semaphore) != 0 {} }
}
