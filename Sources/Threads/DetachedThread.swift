import Glibc

/// Runs `body` on a new detached thread. For blocking system calls, which must not hold a thread
/// of the cooperative pool.
///
/// The thread blocks every signal except those of its own faults. If the system cannot create a
/// thread, the process ends.
package func startThread(_ body: @escaping @Sendable () -> Void) {
    var others = sigset_t()
    var before = sigset_t()
    sigfillset(&others)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&others, fault) }
    pthread_sigmask(SIG_SETMASK, &others, &before)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            // SAFETY: retained for exactly this one call, just above.
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    precondition(status == 0, "The system cannot create a thread (error \(status)).")
    pthread_detach(thread)
}

private final class Box: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
