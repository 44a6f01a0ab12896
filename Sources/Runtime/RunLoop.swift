package import JSONLog

/// Serves invocations until the client says that there will be no more.
///
/// One at a time: next, handler, response or error. A handler's error is the
/// caller's to know and never ends the loop; so is a result that the platform
/// refuses. Writes one `info` line for each finished invocation.
///
/// - Parameters:
///   - setTraceID: Called before each handler with the invocation's trace ID,
///     nil where it has none: `_X_AMZN_TRACE_ID` must never be a stale one.
///   - handler: Runs in the caller's task; cancelling that task cancels it.
/// - Throws: why the loop ended; `.terminated` is the good end.
package func runLoop<Client: RuntimeClient>(
    client: Client, environment: RuntimeEnvironment, logger: Logger,
    setTraceID: @Sendable (String?) -> Void = { _ in }, handler: RawHandler
) async throws(RuntimeClientError) {
    let logger = logger.with(["function": .string(environment.functionName)])
    var isColdStart = true
    while true {
        let invocation = try await client.next()
        setTraceID(invocation.traceID)
        let context = InvocationContext(
            invocation, functionName: environment.functionName, logger: logger)
        let start = ContinuousClock.now

        let result = await outcome(of: handler, invocation.event, context)
        let elapsed = start.duration(to: .now)

        let posted: ReportOutcome
        switch result {
        case .success(let response):
            posted = try await client.respond(response, requestID: invocation.requestID)
        case .failure(let error):
            posted = try await client.reportError(error, requestID: invocation.requestID)
        }
        var fields = InvocationRecord.fields(result, posted)
        fields["durationMs"] = .double(elapsed.milliseconds)
        fields["coldStart"] = .boolean(isColdStart)
        fields["eventBytes"] = .integer(invocation.event.count)
        context.logger.info("invocation finished", fields)
        isColdStart = false
        if Task.isCancelled {
            throw RuntimeClientError(
                .terminated, operation: RuntimeRequest.next.operation, detail: "SIGTERM came")
        }
    }
}

private func outcome(
    of handler: RawHandler, _ event: [UInt8], _ context: InvocationContext
) async -> Result<[UInt8], HandlerError> {
    do {
        return .success(try await handler(event, context))
    } catch {
        return .failure(HandlerError(reporting: error))
    }
}

extension InvocationContext {
    fileprivate init(_ invocation: Invocation, functionName: String, logger: Logger) {
        self.init(
            requestID: invocation.requestID, functionName: functionName,
            invokedFunctionARN: invocation.invokedFunctionARN, traceID: invocation.traceID,
            deadlineMilliseconds: invocation.deadlineMilliseconds,
            clientContext: invocation.clientContext, cognitoIdentity: invocation.cognitoIdentity,
            tenantID: invocation.tenantID,
            logger: logger.with(["requestId": .string(invocation.requestID)]))
    }
}

/// What the line at an invocation's end tells of its outcome.
private enum InvocationRecord {
    static func fields(
        _ result: Result<[UInt8], HandlerError>, _ posted: ReportOutcome
    ) -> [String: LogValue] {
        var fields: [String: LogValue]
        switch result {
        case .success(let response):
            fields = ["outcome": "success", "responseBytes": .integer(response.count)]
        case .failure(let error):
            fields = [
                "outcome": "error", "errorType": .string(error.type),
                "errorMessage": .string(error.message),
            ]
        }
        switch posted {
        case .accepted: break
        case .refused(let status):
            fields["outcome"] = "refused"
            fields["status"] = .integer(status)
        case .lost(let detail):
            fields["outcome"] = "lost"
            fields["detail"] = .string(detail)
        }
        return fields
    }
}

extension Duration {
    /// To the microsecond.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1000
    }
}
