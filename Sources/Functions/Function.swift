import LambdaRuntime

/// One deployed function: its name and a handler for each kind of event it takes.
///
/// Declared once, as `static let function` in the function's folder, and listed in
/// `Registry.functions`. Each closure builds the handler's `Dependencies` from the
/// `Services`.
package struct Function: Sendable {
    /// Answers an HTTP request; every error becomes a response.
    typealias URLHandler =
        @Sendable (FunctionURLRequest, InvocationContext, Services) async -> FunctionURLResponse
    /// Answers an HTTP request with a body that is sent while it is made.
    typealias StreamHandler =
        @Sendable (FunctionURLRequest, InvocationContext, Services) async -> StreamedResponse
    /// Handles store events. Throws to have the platform deliver the event again.
    typealias ObjectHandler =
        @Sendable (S3Event, InvocationContext, Services) async throws -> Void
    /// Handles a tick of the schedule; nil in place of the event for a direct
    /// invoke. Returns the response, which is encoded as JSON.
    typealias ScheduleHandler =
        @Sendable (ScheduledEvent?, InvocationContext, Services) async throws
        -> any Encodable & Sendable

    /// Handles the record of an invocation that failed at every attempt.
    typealias DeadLetterHandler =
        @Sendable (DestinationRecord, InvocationContext, Services) async throws -> Void

    /// The deployed name.
    package let name: FunctionName
    /// True if the function answers HTTP requests.
    package var answersRequests: Bool { url != nil || stream != nil }
    let url: URLHandler?
    let stream: StreamHandler?
    let object: ObjectHandler?
    let schedule: ScheduleHandler?
    let deadLetter: DeadLetterHandler?

    init(
        _ name: FunctionName, url: URLHandler? = nil, stream: StreamHandler? = nil,
        object: ObjectHandler? = nil, schedule: ScheduleHandler? = nil,
        deadLetter: DeadLetterHandler? = nil
    ) {
        self.name = name
        self.url = url
        self.stream = stream
        self.object = object
        self.schedule = schedule
        self.deadLetter = deadLetter
    }
}
