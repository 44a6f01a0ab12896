package import JSON

/// The record that Lambda sends to an on-failure or on-success destination of an asynchronous
/// invocation.
///
/// Source: "Capturing records of Lambda asynchronous invocations", AWS Lambda
/// Developer Guide.
package struct DestinationRecord: Sendable, Hashable, Decodable {
    /// The invocation and the reason for the record.
    package struct RequestContext: Sendable, Hashable, Decodable {
        /// Request ID of the invocation.
        package var requestId: String
        /// ARN of the function.
        package var functionArn: String
        /// `RetriesExhausted`, `EventAgeExceeded` or `Success`.
        package var condition: String
        /// Number of attempts.
        package var approximateInvokeCount: Int
    }

    /// End of the last attempt; absent when the event exceeded its age.
    package struct ResponseContext: Sendable, Hashable, Decodable {
        /// Status code of the invocation.
        package var statusCode: Int
        /// Version of the function.
        package var executedVersion: String?
        /// Kind of error, for instance `Unhandled`; absent on success.
        package var functionError: String?
    }

    /// Time of the record (RFC 3339).
    package var timestamp: String
    /// The invocation and the reason for the record.
    package var requestContext: RequestContext
    /// The event of the invocation.
    package var requestPayload: JSONValue
    /// End of the last attempt.
    package var responseContext: ResponseContext?
    /// The response or the error document of the last attempt.
    package var responsePayload: JSONValue?
}
