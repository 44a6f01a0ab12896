import Glibc
import Synchronization

/// SIGTERM and SIGINT as something to await. To be made once, at the start: a
/// signal has one handler.
final class TerminationSignals: Sendable {
    private enum State {
        case quiet([CheckedContinuation<Void, Never>])
        case arrived
    }

    private let state = Mutex(State.quiet([]))
    private let pipeEnd: Int32

    /// A process told to end is gone after this time, come what may: the
    /// command line promises 10 s.
    private static let endSecondsMaximum: UInt32 = 9

    /// Takes over both signals and ignores SIGPIPE.
    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "The system has descriptors left to start with.")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipeEnd = ends[0]
        signalPipe.store(ends[1], ordering: .releasing)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil, runSignalThread, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "The system has a thread left to start with.")
        pthread_detach(thread)
        // Not sigwait: that needs every thread to block the signals, and
        // libdispatch lets the main thread take them.
        signal(SIGTERM, noteSignal)
        signal(SIGINT, noteSignal)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when one of them has come.
    func wait() async {
        await withCheckedContinuation { continuation in
            let hasArrived = state.withLock { state in
                guard case .quiet(let waiting) = state else { return true }
                state = .quiet(waiting + [continuation])
                return false
            }
            if hasArrived { continuation.resume() }
        }
    }

    fileprivate func run() {
        var byte: UInt8 = 0
        while read(pipeEnd, &byte, 1) != 1 {}
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard case .quiet(let waiting) = state else { return [] }
            state = .arrived
            return waiting
        }
        for continuation in waiting { continuation.resume() }
        sleep(Self.endSecondsMaximum)
        _exit(0)
    }
}

private func runSignalThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<TerminationSignals>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}

/// The write end of the pipe; -1 before there is one. Global because C gives a
/// handler nothing but the signal's number.
private let signalPipe = Atomic<Int32>(-1)

/// Async-signal-safe: one load, one write, errno kept.
private let noteSignal: @convention(c) (Int32) -> Void = { _ in
    let saved = errno
    var byte: UInt8 = 0
    _ = write(signalPipe.load(ordering: .acquiring), &byte, 1)
    errno = saved
}
