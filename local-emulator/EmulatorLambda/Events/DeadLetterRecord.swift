import JSON
import WallClock

/// The event that a destination receives for a dead-lettered asynchronous invocation
/// (Lambda Developer Guide, "Invocation record").
struct DeadLetterRecord: Sendable {
    var invocation: QueuedInvocation
    var functionARN: String
    /// `RetriesExhausted` or `EventAgeExceeded`.
    var condition: String
    /// The last error document; nil if no attempt was made.
    var response: [UInt8]?
    /// The record's time.
    var now: UnixTime

    var bytes: [UInt8] {
        let context = JSONOutput.object([
            ("requestId", .string(invocation.requestID)),
            ("functionArn", .string(functionARN + ":$LATEST")),
            ("condition", .string(condition)),
            ("approximateInvokeCount", .integer(invocation.attempts)),
        ])
        let responseContext = JSONOutput.object([
            ("statusCode", .integer(200)),
            ("executedVersion", .string("$LATEST")),
            ("functionError", .string("Unhandled")),
        ])
        return JSONOutput.compact([
            ("version", .string("1.0")),
            ("timestamp", .string(now.rfc3339)),
            ("requestContext", context),
            ("requestPayload", .raw(invocation.payload)),
            ("responseContext", response == nil ? nil : responseContext),
            ("responsePayload", response.map { .raw($0) }),
        ]).bytes
    }
}
