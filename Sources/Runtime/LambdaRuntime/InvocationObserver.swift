import CLambdaProcess
import Glibc

/// Is told by a loop, on the loop's thread, what the rest of the process must
/// know of its invocations.
package protocol InvocationObserver: Sendable {
    /// Before the first `next`.
    func loopStarted()
    /// Before a handler runs.
    func invocationBegins(_ invocation: Invocation)
    /// After its result has been posted.
    func invocationEnds()
}

/// Keeps `_X_AMZN_TRACE_ID` and the crash reporter up to date.
struct ProcessObserver: InvocationObserver {
    /// The loop's number in the process, from 0.
    var slot: Int
    /// False where several loops share one environment: the variable could
    /// only be right for one of them. The context has the trace ID always.
    var setsTraceVariable: Bool

    func loopStarted() { spool_crash_protect_thread() }

    func invocationBegins(_ invocation: Invocation) {
        spool_crash_enter(Int32(slot), invocation.requestID)
        guard setsTraceVariable else { return }
        // Between invocations of the only loop no handler reads the environment.
        if let traceID = invocation.traceID {
            setenv("_X_AMZN_TRACE_ID", traceID, 1)
        } else {
            unsetenv("_X_AMZN_TRACE_ID")
        }
    }

    func invocationEnds() { spool_crash_leave(Int32(slot)) }
}

/// Reports deaths by a signal from here on.
enum CrashReporter {
    /// - Returns: where the logger writes: standard error, now behind a pipe.
    static func install(_ endpoint: RuntimeEndpoint) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found) == 0,
            let address = found?.pointee
        else { return STDERR_FILENO }
        defer { freeaddrinfo(found) }
        return spool_crash_install(address.ai_addr, address.ai_addrlen, endpoint.authority)
    }

    static func initIsOver() { spool_crash_init_is_over() }

    static func flush() { spool_crash_flush() }
}
