import Glibc

/// A counting semaphore for threads of our own, which may wait; it lives as
/// long as its owner.
final class Wakeups: @unchecked Sendable {
    // SAFETY: the pointer never changes, and POSIX semaphores may be used from
    // any thread; it is destroyed when no reference is left.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
