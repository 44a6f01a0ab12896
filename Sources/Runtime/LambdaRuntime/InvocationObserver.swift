import Glibc

/// Receives each invocation of a loop, on the loop's thread, before its handler runs.
package protocol InvocationObserver: Sendable {
    /// Called once for each invocation, before its handler.
    func invocationBegins(_ invocation: Invocation)
}

/// Keeps `_X_AMZN_TRACE_ID` in the environment, as Lambda's custom runtimes must.
struct TraceVariable: InvocationObserver {
    /// False where several loops share one environment: the variable could be right for one of
    /// them only. The context always has the trace ID.
    var isUsed: Bool

    func invocationBegins(_ invocation: Invocation) {
        guard isUsed else { return }
        // Between invocations of the only loop no handler reads the environment.
        if let traceID = invocation.traceID {
            setenv("_X_AMZN_TRACE_ID", traceID, 1)
        } else {
            unsetenv("_X_AMZN_TRACE_ID")
        }
    }
}
