package import WallClock

/// One event with its headers.
package struct Invocation: Sendable, Hashable {
    /// Request ID; letters, digits, `-`, `_` and `.` only, as it becomes part of a path.
    package var requestID: String
    /// Deadline in Unix milliseconds.
    package var deadline: UnixTime
    /// ARN of the function; empty when absent.
    package var invokedFunctionARN: String
    /// AWS X-Ray trace ID.
    package var traceID: String?
    /// Client context of mobile callers, JSON text.
    package var clientContext: String?
    /// Cognito identity, JSON text.
    package var cognitoIdentity: String?
    /// Tenant ID, of a function with tenant isolation.
    package var tenantID: String?
    /// The complete event.
    package var event: [UInt8]

    /// An invocation.
    package init(
        requestID: String, deadline: UnixTime, invokedFunctionARN: String = "",
        traceID: String? = nil, clientContext: String? = nil, cognitoIdentity: String? = nil,
        tenantID: String? = nil, event: [UInt8]
    ) {
        self.requestID = requestID
        self.deadline = deadline
        self.invokedFunctionARN = invokedFunctionARN
        self.traceID = traceID
        self.clientContext = clientContext
        self.cognitoIdentity = cognitoIdentity
        self.tenantID = tenantID
        self.event = event
    }
}

/// The reason for the end of a loop.
package struct RuntimeClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kinds of end.
    package enum Code: String, Sendable, Hashable {
        /// The Runtime API could not be reached, or closed the connection, in every attempt.
        case unreachable
        /// The response does not follow the Runtime API's protocol.
        case invalidAnswer
        /// It answered 500: the environment cannot be recovered, the process must exit.
        case containerError
        /// SIGTERM arrived; not a failure.
        case terminated
    }

    /// The kind of end.
    package var code: Code
    /// The call, for instance `GET /2018-06-01/runtime/invocation/next`.
    package var operation: String
    /// The reason, without a full stop.
    package var detail: String

    /// An error.
    package init(_ code: Code, operation: String, detail: String) {
        self.code = code
        self.operation = operation
        self.detail = detail
    }

    /// One sentence with the call and the reason.
    package var description: String {
        "The Runtime API call \(operation) failed (\(code.rawValue)): \(detail)."
    }
}

/// The Runtime API's response to a posted result.
package enum ReportOutcome: Sendable, Hashable {
    /// Accepted (202).
    case accepted
    /// Refused with a 4xx, for instance 413 for a result above 6 MiB. The platform reports
    /// it to the caller, and the loop continues.
    case refused(status: Int)
    /// Probably not received; the platform lets the invocation time out.
    case lost(detail: String)
}

/// The end of a streamed result.
package struct StreamOutcome: Sendable, Hashable {
    /// The Runtime API's response.
    package var report: ReportOutcome
    /// The error that truncated or prevented the stream; nil for a complete one.
    package var failure: HandlerError?
    /// Number of bytes written, including the prelude.
    package var bytes: Int

    /// An outcome.
    package init(_ report: ReportOutcome, failure: HandlerError? = nil, bytes: Int) {
        self.report = report
        self.failure = failure
        self.bytes = bytes
    }
}

/// The calls of the Runtime API that the loop needs.
package protocol RuntimeClient: Sendable {
    /// Waits for the next event, without a limit.
    /// - Throws: All codes; after a throw the process must end.
    func next() async throws(RuntimeClientError) -> Invocation

    /// Posts the result of an invocation.
    /// - Throws: `.containerError` and `.terminated`; a lost or refused result is an
    ///   outcome, because the next invocation can still be served.
    func respond(
        _ response: [UInt8], requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// Posts the result of an invocation while it is produced. Throws as above; an error
    /// of the body is in the outcome.
    func respond(
        streaming response: StreamedResponse, requestID: String
    ) async throws(RuntimeClientError) -> StreamOutcome

    /// Posts the failure of an invocation. Throws as `respond` does.
    func reportError(
        _ error: HandlerError, requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// Posts the error of a function that could not start; the process must end then.
    func reportInitError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// SnapStart: waits until the environment has been restored.
    /// - Throws: All codes; after a throw the process must end.
    func waitForRestore() async throws(RuntimeClientError)

    /// Posts the error of a restored function; the process must end then.
    func reportRestoreError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome
}
