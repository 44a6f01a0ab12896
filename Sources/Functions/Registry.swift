import FoundationEssentials
package import LambdaRuntime
import Logging
import ObjectStore
import WallClock

/// The functions of this binary, and the way from an event's bytes to a handler.
package enum Registry {
    /// Every function, once. Adding one means adding a line here.
    package static let functions: [Function] = [
        InitUpload.function,
        CompleteUpload.function,
        UppyUpload.function,
        DeriveAsset.function,
        StartExport.function,
        RenderChunk.function,
        StitchExport.function,
        JobStatus.function,
        DownloadAll.function,
        CancelExport.function,
        Projects.function,
        Assets.function,
        Sweep.function,
        NotifyFunction.function,
        DeliverWebhooks.function,
        Webhooks.function,
        Auth.function,
        CreateBatch.function,
        AdvanceBatch.function,
        ReadJobs.function,
        RemoveJob.function,
        Health.function,
        Expire.function,
        RemoveOwner.function,
        ImportURL.function,
    ]

    /// The function as the runtime loop calls it.
    ///
    /// The event's shape chooses the handler: `complete-upload` answers a function
    /// URL and store events. Store calls end `answerTime` before the
    /// invocation's deadline.
    package static func handler(
        _ function: Function, _ services: Services
    ) -> FunctionHandler {
        { bytes, context in
            let event = try LambdaEvent(decoding: bytes)
            let context = checked(context, now: services.now())
            let deadline = context.deadline - answerTime
            return try await StoreDeadline.$time.withValue(deadline) {
                let dispatch = Dispatch(function: function, context: context, services: services)
                if let stream = function.stream {
                    return .streamed(try await dispatch.stream(event, stream, until: deadline))
                }
                return .whole(try await dispatch.respond(to: event))
            }
        }
    }

    /// The context with a deadline by this machine's clock.
    ///
    /// A platform never gives a deadline that has passed, nor one beyond Lambda's longest timeout:
    /// its clock differs. It ends the invocation by its own clock.
    private static func checked(_ context: InvocationContext, now: UnixTime) -> InvocationContext {
        let remaining = context.deadline - now
        guard remaining < .zero - clockSkewMax || remaining > timeoutMax + clockSkewMax else {
            return context
        }
        context.logger.warning(
            "The platform's clock differs from this machine's",
            ["deadlineInSeconds": .integer(Int(remaining.components.seconds))])
        var context = context
        context.deadline = now + timeoutMax
        return context
    }

    /// Lambda's longest timeout.
    private static let timeoutMax = Duration.seconds(900)
    /// Difference of clocks that is normal.
    private static let clockSkewMax = Duration.seconds(60)
    /// Kept for the response when the store's time is over.
    private static let answerTime = Duration.milliseconds(1_500)
}

/// One event and the function that handles it.
private struct Dispatch: Sendable {
    let function: Function
    let context: InvocationContext
    let services: Services

    /// The request without the header by which a front door reports a form, where there is none:
    /// a client would have written it.
    private func trusted(_ request: FunctionURLRequest) -> FunctionURLRequest {
        var request = request
        if !services.hasFrontDoor { request.headers["x-spool-body"] = nil }
        return request
    }

    func respond(to event: LambdaEvent) async throws -> [UInt8] {
        switch event {
        case .functionURL(let request):
            guard let url = function.url else { throw unexpected("a function URL request") }
            return try encoded(await url(trusted(request), context, services))
        case .apiGateway(let event):
            guard let url = function.url else { throw unexpected("an API Gateway request") }
            return try encoded(
                APIGatewayResponse(await url(trusted(event.request), context, services)))
        case .s3(let event):
            return try await respond(to: event)
        case .eventBridge(let event):
            guard let event = event.objectEvent else {
                throw unexpected("the event \(event.detailType)")
            }
            return try await respond(to: event)
        case .sqs(let batch):
            let (response, errors) = await batch.handleEach { record in
                _ = try await respond(to: try LambdaEvent(decoding: Array(record.body.utf8)))
            }
            for error in errors {
                context.logger.error("Queue message failed", ["error": .string("\(error)")])
            }
            return try encoded(response)
        case .schedule(let event):
            return try await tick(event)
        case .direct:
            return try await tick(nil)
        case .destination(let record):
            guard let handle = function.deadLetter else {
                throw unexpected("a destination record")
            }
            try await handle(record, context, services)
            return Array("null".utf8)
        }
    }

    /// Answers a request with a streamed body, which is made after this returns.
    func stream(
        _ event: LambdaEvent, _ handle: Function.StreamHandler, until deadline: UnixTime
    ) async throws -> StreamedResponse {
        guard case .functionURL(let request) = event else { throw unexpected("this event") }
        var response = await handle(request, context, services)
        let body = response.body
        response.body = { writer in
            try await StoreDeadline.$time.withValue(deadline) {
                try await body(writer)
            }
        }
        return response
    }

    private func respond(to event: S3Event) async throws -> [UInt8] {
        guard let handle = function.object else { throw unexpected("a store event") }
        try await handle(event, context, services)
        return Array("null".utf8)
    }

    private func tick(_ event: ScheduledEvent?) async throws -> [UInt8] {
        guard let handle = function.schedule else { throw unexpected("this event") }
        return try encoded(try await handle(event, context, services))
    }

    private func unexpected(_ kind: String) -> HandlerError {
        HandlerError(
            type: "Function.UnexpectedEvent",
            message: "\(function.name.rawValue) does not handle \(kind).")
    }

    private func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        // The same response has the same bytes: recorded ones are compared.
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(value))
    }
}
