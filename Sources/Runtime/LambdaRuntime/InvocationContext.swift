package import Logging
import WallClock

/// What the platform says about one invocation, next to its event.
package struct InvocationContext: Sendable {
    /// `Lambda-Runtime-Aws-Request-Id`.
    package var requestID: String
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    package var functionName: String
    /// `Lambda-Runtime-Invoked-Function-Arn`; empty when the platform sends none.
    package var invokedFunctionARN: String
    /// `Lambda-Runtime-Trace-Id`, for AWS X-Ray.
    package var traceID: String?
    /// When the platform kills the invocation, in Unix milliseconds.
    package var deadlineMilliseconds: Int
    /// `Lambda-Runtime-Client-Context`: JSON text, from mobile callers.
    package var clientContext: String?
    /// `Lambda-Runtime-Cognito-Identity`: JSON text.
    package var cognitoIdentity: String?
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    package var tenantID: String?
    /// Writes the request ID and the function's name on every line.
    package var logger: Logger

    /// For the loop, and for tests of handlers.
    package init(
        requestID: String, functionName: String, invokedFunctionARN: String = "",
        traceID: String? = nil, deadlineMilliseconds: Int, clientContext: String? = nil,
        cognitoIdentity: String? = nil, tenantID: String? = nil, logger: Logger
    ) {
        self.requestID = requestID
        self.functionName = functionName
        self.invokedFunctionARN = invokedFunctionARN
        self.traceID = traceID
        self.deadlineMilliseconds = deadlineMilliseconds
        self.clientContext = clientContext
        self.cognitoIdentity = cognitoIdentity
        self.tenantID = tenantID
        self.logger = logger
    }

    /// Milliseconds until the deadline, never negative.
    /// - Parameter now: Unix milliseconds.
    package func remainingMilliseconds(now: Int = UnixTime.now().milliseconds) -> Int {
        max(0, deadlineMilliseconds - now)
    }
}
