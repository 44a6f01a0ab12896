import JSON

/// The trigger of an invocation.
package enum InvocationSource: String, Sendable, Hashable, CaseIterable {
    case invoke, url, event, schedule
    /// Another function's invocation was given up.
    case destination
}

/// One call of a function.
package struct InvocationInput: Sendable {
    /// UUID; the same for every attempt of an asynchronous one.
    package var requestID: String
    /// The event, JSON.
    package var payload: [UInt8]
    /// The trigger.
    package var source: InvocationSource
    /// The object whose change is the event.
    package var objectKey: String?
    /// Unix milliseconds at which that change was committed.
    package var eventTimeMilliseconds: Int?
    /// JSON that a caller of the Invoke API sent along (`X-Amz-Client-Context`).
    package var clientContext: String?
    /// Whose invocation it is, where a caller says so (`X-Amz-Tenant-Id`).
    package var tenantID: String?
    /// `Root=...` of the caller, or one of ours.
    package var traceID: String

    /// An invocation with all its parts.
    package init(
        requestID: String, payload: [UInt8], source: InvocationSource, objectKey: String? = nil,
        eventTimeMilliseconds: Int? = nil, clientContext: String? = nil, traceID: String? = nil
    ) {
        self.requestID = requestID
        self.payload = payload
        self.source = source
        self.objectKey = objectKey
        self.eventTimeMilliseconds = eventTimeMilliseconds
        self.clientContext = clientContext
        self.traceID = traceID ?? Self.newTraceID(requestID)
    }

    private static func newTraceID(_ requestID: String) -> String {
        let digits = requestID.filter { $0 != "-" }
        return "Root=1-\(digits.prefix(8))-\(digits.suffix(24));Sampled=0"
    }
}

/// How an invocation ended.
enum InvocationOutcome: Sendable {
    /// The function's answer.
    case succeeded([UInt8])
    /// The function's answer, of which more is to come.
    case streaming(ResponseBodyStream)
    /// The error document of the function, or ours for one that crashed, took
    /// too long or never started.
    case failed(InvocationFailure)
    /// No instance was to be had in the time allowed.
    case throttled
}

/// An error as Lambda reports it.
package struct InvocationFailure: Sendable, Equatable {
    /// Short, for tables: `Function.X`, `Runtime.ExitError`, `Sandbox.Timedout`.
    package var type: String
    /// `{"errorType":..., "errorMessage":...}`.
    package var payload: [UInt8]

    /// A failure that the function reported itself.
    package init(type: String, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }

    /// A failure that the service reports.
    package init(type: String, message: String) {
        self.type = type
        payload =
            JSONOutput.object([("errorType", .string(type)), ("errorMessage", .string(message))])
            .bytes
    }
}
