/// One event and what came with it.
package struct Invocation: Sendable, Hashable {
    /// Letters, digits, `-`, `_` and `.` only: it becomes part of a path.
    package var requestID: String
    /// Unix milliseconds.
    package var deadlineMilliseconds: Int
    /// Empty when the platform sends none.
    package var invokedFunctionARN: String
    /// For AWS X-Ray.
    package var traceID: String?
    /// JSON text, from mobile callers.
    package var clientContext: String?
    /// JSON text.
    package var cognitoIdentity: String?
    /// Of a function that serves tenants apart.
    package var tenantID: String?
    /// The whole body, never a part of it.
    package var event: [UInt8]

    /// An event as a platform hands it out.
    package init(
        requestID: String, deadlineMilliseconds: Int, invokedFunctionARN: String = "",
        traceID: String? = nil, clientContext: String? = nil, cognitoIdentity: String? = nil,
        tenantID: String? = nil, event: [UInt8]
    ) {
        self.requestID = requestID
        self.deadlineMilliseconds = deadlineMilliseconds
        self.invokedFunctionARN = invokedFunctionARN
        self.traceID = traceID
        self.clientContext = clientContext
        self.cognitoIdentity = cognitoIdentity
        self.tenantID = tenantID
        self.event = event
    }
}

/// Why the loop cannot go on.
package struct RuntimeClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the loop decides by.
    package enum Code: String, Sendable, Hashable {
        /// The Runtime API could not be reached, or hung up, too often in a row.
        case unreachable
        /// What it answered is not the Runtime API's protocol.
        case invalidAnswer
        /// It answered 500: the environment cannot be recovered, exit promptly.
        case containerError
        /// SIGTERM came: not a fault.
        case terminated
    }

    /// What the loop decides by.
    package var code: Code
    /// The call: `GET /runtime/invocation/next`.
    package var operation: String
    /// Half a sentence.
    package var detail: String

    package init(_ code: Code, operation: String, detail: String) {
        self.code = code
        self.operation = operation
        self.detail = detail
    }

    package var description: String {
        "The Runtime API call \(operation) failed (\(code.rawValue)): \(detail)."
    }
}

/// What the Runtime API said to a result that was posted.
package enum ReportOutcome: Sendable, Hashable {
    /// 202.
    case accepted
    /// A 4xx, for instance 413 for a result above 6 MiB. The platform has told
    /// the caller, and the loop goes on.
    case refused(status: Int)
    /// Never arrived, as far as can be known; the platform will time it out.
    case lost(detail: String)
}

/// How a streamed result ended.
package struct StreamOutcome: Sendable, Hashable {
    package var report: ReportOutcome
    /// What cut the stream, or kept it from beginning.
    package var failure: HandlerError?
    /// Bytes that were written, the prelude included.
    package var bytes: Int

    package init(_ report: ReportOutcome, failure: HandlerError? = nil, bytes: Int) {
        self.report = report
        self.failure = failure
        self.bytes = bytes
    }
}

/// The Runtime API, as much of it as the loop needs.
package protocol RuntimeClient: Sendable {
    /// Waits for the next event, as long as it takes.
    /// - Throws: All codes; after a throw the process must end.
    func next() async throws(RuntimeClientError) -> Invocation

    /// Posts the result of an invocation.
    /// - Throws: `.containerError` and `.terminated`; a lost or refused result
    ///   is an outcome, for the next invocation can still be served.
    func respond(
        _ response: [UInt8], requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// Posts the result of an invocation while it is made. Throws as above;
    /// what the body throws is in the outcome.
    func respond(
        streaming response: StreamedResponse, requestID: String
    ) async throws(RuntimeClientError) -> StreamOutcome

    /// Posts the failure of an invocation. Throws as `respond` does.
    func reportError(
        _ error: HandlerError, requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// Posts why the function could not start; the process must end after it.
    func reportInitError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome

    /// SnapStart: waits until the environment has been restored.
    /// - Throws: All codes; after a throw the process must end.
    func waitForRestore() async throws(RuntimeClientError)

    /// Posts why a restored function cannot serve; the process must end after it.
    func reportRestoreError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome
}
