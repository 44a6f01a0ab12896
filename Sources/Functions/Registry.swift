import FoundationEssentials
package import LambdaRuntime
import Logging
package import ObjectStore


/// Everything live that handlers are made of. Built once, in Bootstrap; each
/// handler is given only what its own `Dependencies` list.
package struct Services: Sendable {
    package var bucket: any Bucket
    package var renderer: any MediaRenderer
    package var authorizer: Authorizer
    /// Milliseconds since 1970.
    package var now: @Sendable () -> Int
    /// Sleeps for milliseconds; throws when the task is cancelled.
    package var sleep: @Sendable (Int) async throws -> Void
    /// Unguessable text of `a-z 0-9`, of the length asked for.
    package var randomText: @Sendable (Int) -> String
    /// Folder for scratch files, `/tmp` on Lambda.
    package var scratchRoot: String
    /// Renderers that may run at once.
    package var concurrency: Int
    /// Time limit of one renderer in seconds.
    package var renderSeconds: Int
    /// Most bytes of a streamed answer; nil where the platform has no limit.
    package var streamBytesMax: Int?
    /// Sizes and prices that costs are counted with.
    package var deployment: Deployment

    package init(
        bucket: any Bucket, renderer: any MediaRenderer, authorizer: Authorizer,
        now: @escaping @Sendable () -> Int,
        sleep: @escaping @Sendable (Int) async throws -> Void,
        randomText: @escaping @Sendable (Int) -> String, scratchRoot: String, concurrency: Int,
        renderSeconds: Int, streamBytesMax: Int? = nil,
        deployment: Deployment = Deployment()
    ) {
        self.bucket = bucket
        self.renderer = renderer
        self.authorizer = authorizer
        self.now = now
        self.sleep = sleep
        self.randomText = randomText
        self.scratchRoot = scratchRoot
        self.concurrency = concurrency
        self.renderSeconds = renderSeconds
        self.streamBytesMax = streamBytesMax
        self.deployment = deployment
    }
}

/// From a deployed name to its handler.
package enum Registry {
    /// The function of that name as the runtime loop calls it.
    ///
    /// A handler is chosen by the event's shape: the same `complete-upload`
    /// answers a function URL and a store event.
    package static func handler(_ name: FunctionName, _ services: Services) -> RawHandler {
        { bytes, context in
            let event = try LambdaEvent(decoding: bytes)
            return try await StoreDeadline.$milliseconds.withValue(
                context.deadlineMilliseconds - answerMilliseconds
            ) {
                try await answer(name, event, context, services)
            }
        }
    }

    /// As `handler`, for a function that may stream its answer too.
    package static func function(_ name: FunctionName, _ services: Services) -> FunctionHandler {
        let handler = handler(name, services)
        guard name == .downloadAll else { return { .whole(try await handler($0, $1)) } }
        return { bytes, context in
            guard case .functionURL(let request) = try LambdaEvent(decoding: bytes) else {
                throw unexpected(name, "this event")
            }
            let deadline = context.deadlineMilliseconds - answerMilliseconds
            var response = await StoreDeadline.$milliseconds.withValue(deadline) {
                await DownloadAll.handle(request, context, services.downloadAll)
            }
            // The body is made after this call has returned.
            let body = response.body
            response.body = { writer in
                try await StoreDeadline.$milliseconds.withValue(deadline) {
                    try await body(writer)
                }
            }
            return .streamed(response)
        }
    }

    /// What is left for the answer when the store's time is over.
    private static let answerMilliseconds = 1_500

    private static func answer(
        _ name: FunctionName, _ event: LambdaEvent, _ context: InvocationContext,
        _ services: Services
    ) async throws -> [UInt8] {
        switch event {
        case .functionURL(let request):
            guard let respond = urlHandler(name, services) else {
                throw unexpected(name, "a function URL request")
            }
            return try encoded(await respond(request, context))
        case .apiGateway(let event):
            guard let respond = urlHandler(name, services) else {
                throw unexpected(name, "an API Gateway request")
            }
            return try encoded(APIGatewayResponse(await respond(event.request, context)))
        case .s3(let event):
            return try await answer(name, event, context, services)
        case .eventBridge(let event):
            guard let event = event.objectEvent else {
                throw unexpected(name, "the event \(event.detailType)")
            }
            return try await answer(name, event, context, services)
        case .sqs(let batch):
            let (response, errors) = await batch.handleEach { record in
                let event = try LambdaEvent(decoding: Array(record.body.utf8))
                _ = try await answer(name, event, context, services)
            }
            for error in errors {
                context.logger.error("A message failed.", ["error": .string("\(error)")])
            }
            return try encoded(response)
        case .destination:
            throw unexpected(name, "a destination's record")
        case .schedule, .direct:
            guard name == .sweep else { throw unexpected(name, "this event") }
            return try encoded(
                await Sweep.handle(context, .init(bucket: services.bucket, now: services.now)))
        }
    }

    private static func answer(
        _ name: FunctionName, _ event: S3Event, _ context: InvocationContext, _ services: Services
    ) async throws -> [UInt8] {
        guard let handle = eventHandler(name, services) else {
            throw unexpected(name, "a store event")
        }
        try await handle(event, context)
        return Array("null".utf8)
    }

    private typealias URLHandler =
        @Sendable (FunctionURLRequest, InvocationContext) async -> FunctionURLResponse
    private typealias EventHandler = @Sendable (S3Event, InvocationContext) async throws -> Void

    private static func urlHandler(_ name: FunctionName, _ services: Services) -> URLHandler? {
        switch name {
        case .initUpload:
            { await InitUpload.handle($0, $1, services.initUpload) }
        case .completeUpload:
            { await CompleteUpload.handle($0, $1, services.completeUpload) }
        case .uppyUpload:
            { await UppyUpload.handle($0, $1, services.uppyUpload) }
        case .startExport:
            { await StartExport.handle($0, $1, services.startExport) }
        case .jobStatus:
            { await JobStatus.handle($0, $1, services.jobStatus) }
        case .cancelExport:
            { await CancelExport.handle($0, $1, services.cancelExport) }
        case .deriveAsset, .renderChunk, .stitchExport, .downloadAll, .sweep:
            nil
        }
    }

    private static func eventHandler(_ name: FunctionName, _ services: Services) -> EventHandler? {
        switch name {
        case .completeUpload:
            { try await CompleteUpload.handle($0, $1, services.completeUpload) }
        case .deriveAsset:
            { try await DeriveAsset.handle($0, $1, services.deriveAsset) }
        case .renderChunk:
            { try await RenderChunk.handle($0, $1, services.renderChunk) }
        case .stitchExport:
            { try await StitchExport.handle($0, $1, services.stitchExport) }
        case .initUpload, .uppyUpload, .startExport, .jobStatus, .cancelExport, .downloadAll,
            .sweep:
            nil
        }
    }

    private static func unexpected(_ name: FunctionName, _ what: String) -> HandlerError {
        HandlerError(
            type: "Function.UnexpectedEvent", message: "\(name.rawValue) does not take \(what).")
    }

    private static func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        // The same answer has the same bytes: recorded ones are compared.
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(value))
    }
}

extension Services {
    fileprivate var initUpload: InitUpload.Dependencies {
        .init(bucket: bucket, authorizer: authorizer, now: now, randomText: randomText)
    }

    fileprivate var completeUpload: CompleteUpload.Dependencies {
        .init(bucket: bucket, renderer: renderer, authorizer: authorizer, now: now)
    }

    fileprivate var uppyUpload: UppyUpload.Dependencies {
        .init(upload: initUpload, renderer: renderer)
    }

    fileprivate var deriveAsset: DeriveAsset.Dependencies {
        .init(bucket: bucket, renderer: renderer, scratchRoot: scratchRoot)
    }

    fileprivate var startExport: StartExport.Dependencies {
        .init(
            bucket: bucket, renderer: renderer, authorizer: authorizer, now: now,
            randomText: randomText, concurrency: concurrency, renderSeconds: renderSeconds,
            deployment: deployment)
    }

    fileprivate var jobStatus: JobStatus.Dependencies {
        .init(bucket: bucket, authorizer: authorizer, now: now)
    }

    fileprivate var downloadAll: DownloadAll.Dependencies {
        .init(
            bucket: bucket, authorizer: authorizer, now: now, maximumBytes: streamBytesMax)
    }

    fileprivate var renderChunk: RenderChunk.Dependencies {
        .init(
            bucket: bucket, renderer: renderer, now: now, sleep: sleep, scratchRoot: scratchRoot,
            deployment: deployment)
    }

    fileprivate var stitchExport: StitchExport.Dependencies {
        .init(
            bucket: bucket, renderer: renderer, now: now, sleep: sleep, scratchRoot: scratchRoot,
            deployment: deployment)
    }

    fileprivate var cancelExport: CancelExport.Dependencies {
        .init(bucket: bucket, authorizer: authorizer, now: now)
    }
}
