package import Logging
package import WallClock

/// The platform's data about one invocation, besides its event.
package struct InvocationContext: Sendable {
    /// Request ID (`Lambda-Runtime-Aws-Request-Id`).
    package var requestID: String
    /// Name of the function (`AWS_LAMBDA_FUNCTION_NAME`).
    package var functionName: String
    /// ARN of the function (`Lambda-Runtime-Invoked-Function-Arn`); empty when absent.
    package var invokedFunctionARN: String
    /// AWS X-Ray trace ID (`Lambda-Runtime-Trace-Id`).
    package var traceID: String?
    /// Time at which the platform kills the invocation.
    package var deadline: UnixTime
    /// `Lambda-Runtime-Client-Context`: JSON text, from mobile callers.
    package var clientContext: String?
    /// `Lambda-Runtime-Cognito-Identity`: JSON text.
    package var cognitoIdentity: String?
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    package var tenantID: String?
    /// Logger that adds the request ID and the function's name to every line.
    package var logger: Logger

    /// A context, for the loop and for tests of handlers.
    package init(
        requestID: String, functionName: String, invokedFunctionARN: String = "",
        traceID: String? = nil, deadline: UnixTime, clientContext: String? = nil,
        cognitoIdentity: String? = nil, tenantID: String? = nil, logger: Logger
    ) {
        self.requestID = requestID
        self.functionName = functionName
        self.invokedFunctionARN = invokedFunctionARN
        self.traceID = traceID
        self.deadline = deadline
        self.clientContext = clientContext
        self.cognitoIdentity = cognitoIdentity
        self.tenantID = tenantID
        self.logger = logger
    }

    /// Time until the deadline, never negative.
    package func remaining(now: UnixTime = .now()) -> Duration {
        max(.zero, deadline - now)
    }
}
