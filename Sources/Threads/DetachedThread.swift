import Glibc

/// Runs `body` on a new detached thread: for what must wait in the kernel and
/// so may not hold a thread of the cooperative pool.
///
/// The thread takes none of the process's signals but those that it raises
/// itself by a fault. A system without a thread left ends the process.
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
    precondition(status == 0, "The system gives no thread (error \(status)).")
    pthread_detach(thread)
}

private final class Box: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
