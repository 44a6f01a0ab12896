package import Logging

/// Serves invocations one at a time until the client ends: next, handler, response or error.
///
/// A handler's error is posted and does not end the loop, nor does a result that the platform
/// refuses. Writes one `info` line for each finished invocation, and one line of metrics if
/// `SPOOL_METRICS_NAMESPACE` is set.
///
/// - Parameters:
///   - observer: Receives each invocation before its handler runs.
///   - handler: Runs in the caller's task; cancelling that task cancels it.
/// - Throws: The reason for the end; `.terminated` is the orderly one.
package func runLoop<Client: RuntimeClient>(
    client: Client, environment: RuntimeEnvironment, logger: Logger,
    observer: any InvocationObserver, handler: FunctionHandler
) async throws(RuntimeClientError) {
    let logger = logger.with(["function": .string(environment.functionName)])
    var isColdStart = true
    while true {
        let invocation = try await client.next()
        observer.invocationBegins(invocation)
        let context = InvocationContext(
            invocation, functionName: environment.functionName, logger: logger)
        let start = ContinuousClock.now

        let answer = await outcome(of: handler, invocation.event, context)
        let elapsed = start.duration(to: .now)
        var record = InvocationRecord(
            isColdStart: isColdStart, milliseconds: elapsed.milliseconds,
            eventBytes: invocation.event.count)
        try await post(answer, invocation.requestID, client, &record)
        if record.isStreamed { record.milliseconds = start.duration(to: .now).milliseconds }

        context.logger.info("Invocation finished", sorted: record.sortedFields)
        if let namespace = environment.metricsNamespace {
            context.logger.metrics(
                namespace: namespace, dimensions: ["function": environment.functionName],
                record.metrics)
        }
        isColdStart = false
        if Task.isCancelled {
            throw RuntimeClientError(
                .terminated, operation: RuntimeRequest.next.operation, detail: "SIGTERM arrived")
        }
    }
}

private func outcome(
    of handler: FunctionHandler, _ event: [UInt8], _ context: InvocationContext
) async -> Result<FunctionResponse, HandlerError> {
    do {
        return .success(try await handler(event, context))
    } catch {
        return .failure(HandlerError(reporting: error))
    }
}

private func post(
    _ answer: Result<FunctionResponse, HandlerError>, _ requestID: String,
    _ client: some RuntimeClient, _ record: inout InvocationRecord
) async throws(RuntimeClientError) {
    switch answer {
    case .success(.whole(let response)):
        record.responseBytes = response.count
        record.report = try await client.respond(response, requestID: requestID)
    case .success(.streamed(let response)):
        record.isStreamed = true
        let outcome = try await client.respond(streaming: response, requestID: requestID)
        record.responseBytes = outcome.bytes
        record.failure = outcome.failure
        record.report = outcome.report
    case .failure(let error):
        record.failure = error
        record.report = try await client.reportError(error, requestID: requestID)
    }
}

extension InvocationContext {
    fileprivate init(_ invocation: Invocation, functionName: String, logger: Logger) {
        self.init(
            requestID: invocation.requestID, functionName: functionName,
            invokedFunctionARN: invocation.invokedFunctionARN, traceID: invocation.traceID,
            deadline: invocation.deadline,
            clientContext: invocation.clientContext, cognitoIdentity: invocation.cognitoIdentity,
            tenantID: invocation.tenantID,
            logger: logger.with("requestId", .string(invocation.requestID)))
    }
}

/// Contents of the log and metric lines of a finished invocation.
private struct InvocationRecord {
    var isColdStart: Bool
    var milliseconds: Double
    var eventBytes: Int
    var isStreamed = false
    var responseBytes: Int?
    var failure: HandlerError?
    var report = ReportOutcome.accepted

    /// Log fields, sorted by name.
    var sortedFields: [(name: String, value: LogValue)] {
        var fields: [(name: String, value: LogValue)] = []
        fields.reserveCapacity(10)
        var outcome: LogValue = failure == nil ? "success" : "error"
        var detail: String?
        var status: Int?
        switch report {
        case .accepted: break
        case .refused(let number): (outcome, status) = ("refused", number)
        case .lost(let text): (outcome, detail) = ("lost", text)
        }
        fields.append(("coldStart", .boolean(isColdStart)))
        if let detail { fields.append(("detail", .string(detail))) }
        fields.append(("durationMs", .double(milliseconds)))
        if let failure {
            fields.append(("errorMessage", .string(failure.message)))
            fields.append(("errorType", .string(failure.type)))
        }
        fields.append(("eventBytes", .integer(eventBytes)))
        fields.append(("outcome", outcome))
        if let responseBytes { fields.append(("responseBytes", .integer(responseBytes))) }
        if let status { fields.append(("status", .integer(status))) }
        if isStreamed { fields.append(("streamed", true)) }
        return fields
    }

    var metrics: [Metric] {
        [
            Metric("Duration", .milliseconds, .double(milliseconds)),
            Metric("ColdStarts", .count, .integer(isColdStart ? 1 : 0)),
            Metric("Errors", .count, .integer(failure == nil && report == .accepted ? 0 : 1)),
            Metric("EventBytes", .bytes, .integer(eventBytes)),
            Metric("ResponseBytes", .bytes, .integer(responseBytes ?? 0)),
        ]
    }
}

extension Duration {
    /// Milliseconds, exact to the microsecond.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1000
    }
}
