package import WallClock
import JSON

/// The trigger of an invocation.
package enum InvocationSource: String, Sendable, Hashable, CaseIterable {
    case invoke, url, event, schedule
    /// Another function's invocation was given up and this function is its destination.
    case destination
}

/// The input of one invocation.
package struct InvocationInput: Sendable {
    /// A UUID, the same for every attempt of an asynchronous invocation.
    package var requestID: String
    /// The event as JSON.
    package var payload: [UInt8]
    /// The trigger.
    package var source: InvocationSource
    /// The key of the object that caused the event; nil for other triggers.
    package var objectKey: String?
    /// Commit time of that change; nil for other triggers.
    package var eventTime: UnixTime?
    /// JSON from the caller of the Invoke API (`X-Amz-Client-Context`); nil if absent.
    package var clientContext: String?
    /// The tenant named by the caller (`X-Amz-Tenant-Id`); nil if absent.
    package var tenantID: String?
    /// The trace ID `Root=...`, from the caller or generated.
    package var traceID: String

    /// Creates the input of an invocation.
    package init(
        requestID: String, payload: [UInt8], source: InvocationSource, objectKey: String? = nil,
        eventTime: UnixTime? = nil, clientContext: String? = nil, traceID: String? = nil
    ) {
        self.requestID = requestID
        self.payload = payload
        self.source = source
        self.objectKey = objectKey
        self.eventTime = eventTime
        self.clientContext = clientContext
        self.traceID = traceID ?? Self.newTraceID(requestID)
    }

    private static func newTraceID(_ requestID: String) -> String {
        let digits = requestID.filter { $0 != "-" }
        return "Root=1-\(digits.prefix(8))-\(digits.suffix(24));Sampled=0"
    }
}

/// The outcome of an invocation.
enum InvocationOutcome: Sendable {
    /// The function's complete response.
    case succeeded([UInt8])
    /// The function's response, still in progress.
    case streaming(ResponseBodyStream)
    /// The error document, from the function, or from the service for an instance
    /// that crashed, timed out or never started.
    case failed(InvocationFailure)
    /// No instance was available in the permitted time.
    case throttled
}

/// An error in Lambda's form.
package struct InvocationFailure: Sendable, Equatable {
    /// The error type: `Function.X`, `Runtime.ExitError`, `Sandbox.Timedout`.
    package var type: String
    /// The error document `{"errorType":..., "errorMessage":...}`.
    package var payload: [UInt8]

    /// Creates a failure from the function's error document.
    package init(type: String, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }

    /// Creates a failure that the service reports.
    package init(type: String, message: String) {
        self.type = type
        payload =
            JSONOutput.object([("errorType", .string(type)), ("errorMessage", .string(message))])
            .bytes
    }
}
