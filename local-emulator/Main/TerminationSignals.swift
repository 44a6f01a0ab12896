import Glibc
import Synchronization

/// Blocks SIGTERM and SIGINT in this thread and in those it will start, so
/// that one thread can wait for them, and ignores SIGPIPE.
func blockTerminationSignals() {
    var signals = terminationSignals()
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    signal(SIGPIPE, SIG_IGN)
}

/// Waits for SIGTERM or SIGINT on a thread of its own.
func waitForTermination() async {
    await withCheckedContinuation { continuation in
        let box = Unmanaged.passRetained(SignalWaiter(continuation))
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, waitForSignal, box.toOpaque())
        precondition(status == 0, "The system gives a thread to wait for signals.")
        pthread_detach(thread)
    }
}

private final class SignalWaiter: Sendable {
    let continuation: CheckedContinuation<Void, Never>
    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }
}

private func waitForSignal(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let waiter = Unmanaged<SignalWaiter>.fromOpaque(argument).takeRetainedValue()
    var signals = terminationSignals()
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    waiter.continuation.resume()
    return nil
}

private func terminationSignals() -> sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
}
