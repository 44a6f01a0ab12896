package import JSON

/// What Lambda tells an on-failure or on-success destination of an
/// asynchronous invocation.
///
/// Source: "Capturing records of Lambda asynchronous invocations", AWS Lambda
/// Developer Guide.
package struct DestinationRecord: Sendable, Hashable, Decodable {
    /// Why there is a record.
    package struct RequestContext: Sendable, Hashable, Decodable {
        /// Of the invocation that ended so.
        package var requestId: String
        package var functionArn: String
        /// `RetriesExhausted`, `EventAgeExceeded` or `Success`.
        package var condition: String
        /// Tries so far.
        package var approximateInvokeCount: Int
    }

    /// How the last try ended; absent where the event grew too old.
    package struct ResponseContext: Sendable, Hashable, Decodable {
        package var statusCode: Int
        package var executedVersion: String?
        /// `Unhandled`, for instance; absent on success.
        package var functionError: String?
    }

    /// RFC 3339.
    package var timestamp: String
    package var requestContext: RequestContext
    /// The event that was invoked with.
    package var requestPayload: JSONValue
    package var responseContext: ResponseContext?
    /// The response or the error document.
    package var responsePayload: JSONValue?
}
