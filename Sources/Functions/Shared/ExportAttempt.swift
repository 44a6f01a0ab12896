import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

/// One metered attempt at a unit or at the stitch of an export.
struct ExportAttempt: Sendable {
    /// Live values of render-chunk and stitch-export.
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var now: @Sendable () -> UnixTime
        /// Sleeps; throws when the task is cancelled.
        var sleep: @Sendable (Duration) async throws -> Void
        var scratchRoot: String
        var deployment: Deployment
        /// True if the cache has a size limit: the last use of a chunk is recorded.
        var recordsCacheUse: Bool

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer
            now = services.now
            sleep = services.sleep
            scratchRoot = services.scratchRoot
            deployment = services.deployment
            recordsCacheUse = services.cacheBytesMax != nil
        }
    }

    let ledger: ExportLedger
    let context: InvocationContext
    /// With a bucket that counts requests for the meter.
    let dependencies: Dependencies
    private let meter: WorkMeter

    var bucket: any Bucket { dependencies.bucket }
    var renderer: any MediaRenderer { dependencies.renderer }
    var keys: ExportKeys { ledger.keys }

    /// Time and store requests of this attempt until now.
    var measuredWork: MeasuredWork { meter.work(now: dependencies.now()) }

    /// Until the invocation's deadline.
    var remaining: Duration { context.deadline - dependencies.now() }

    private init(
        _ keys: ExportKeys, _ context: InvocationContext, _ dependencies: Dependencies
    ) {
        meter = WorkMeter(
            dependencies.bucket, startedAt: dependencies.now(),
            memoryMegabytes: dependencies.deployment.ownMegabytes)
        var metered = dependencies
        metered.bucket = meter.bucket
        if keys.job.isInternal { metered.renderer = dependencies.renderer.inBackground }
        self.dependencies = metered
        self.context = context
        ledger = ExportLedger(bucket: metered.bucket, keys: keys, now: dependencies.now)
    }

    /// Runs one attempt and records its failure. Deletes what it wrote to an export that was
    /// removed meanwhile.
    /// - Parameter afterLastAttempt: Runs when the body threw and no other attempt
    ///   follows: the export has failed, or it was stopped.
    /// - Throws: the body's error when the platform should deliver the event again.
    static func run(
        _ subject: FailureSubject, of keys: ExportKeys, _ context: InvocationContext,
        _ dependencies: Dependencies, _ body: (ExportAttempt) async throws -> Void,
        afterLastAttempt: (ExportAttempt) async throws -> Void
    ) async throws {
        let attempt = ExportAttempt(keys, context, dependencies)
        // Not metered: a removed export has no bill.
        let removal = ExportRemoval(bucket: dependencies.bucket, now: dependencies.now)
        do {
            do {
                try await body(attempt)
            } catch {
                try await attempt.ledger.recordFailure(error, of: subject, context)
                try await afterLastAttempt(attempt)
            }
        } catch {
            try await removal.cleanUp(keys)
            throw error
        }
        try await removal.cleanUp(keys)
    }

    /// Runs a render under a `RenderMonitor`.
    /// - Parameter progressKeys: Objects whose size shows the frames done.
    /// - Throws: `HandlerFailure.stopped`, `.outOfTime`, or the body's error.
    func monitored<Result: Sendable>(
        progressKeys: [ObjectKey] = [],
        _ body:
            @escaping @Sendable (_ progress: @escaping @Sendable (Int) -> Void) async throws
            -> Result
    ) async throws -> Result {
        let monitor = RenderMonitor(
            ledger: ledger, progressKeys: progressKeys,
            giveUpAt: context.giveUpAt(now: dependencies.now()),
            sleep: dependencies.sleep, logger: context.logger)
        return try await monitor.run(body)
    }
}

extension InvocationContext {
    /// Time at which work gives up: early enough to end FFmpeg and to
    /// write a record.
    fileprivate func giveUpAt(now: UnixTime) -> UnixTime {
        deadline - min(.seconds(8), (deadline - now) / 5)
    }
}
