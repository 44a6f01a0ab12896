import AWSSignature
import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// Renders one unit of an export: a range of frames, the whole sound or a piece of it.
///
/// Triggered by `exports/*.chunk.json`. A second delivery finds the receipt
/// and does only the "is everything there?" check, so that a crash between
/// receipt and stitch request heals itself.
enum RenderChunk {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var now: @Sendable () -> Int
        var sleep: @Sendable (Int) async throws -> Void
        var scratchRoot: String
        var deployment = Deployment()
    }

    /// A range of fewer frames is not split any further, nor one of less sound.
    static let minimumSplitFrames = 48
    static let minimumSplitSound = 470
    /// Lifetime of the URLs that FFmpeg reads from.
    static let sourceURLSeconds = 3_600

    /// - Throws: when the unit failed and another attempt may help, so that
    ///   the platform delivers the event again.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let (keys, unit) = ExportKeys.parseChunkRequest(ObjectKey(record.key)) else {
                context.logger.warning(
                    "An event's key is not a chunk request.", ["key": .string(record.key)])
                continue
            }
            let meter = WorkMeter(
                dependencies.bucket, startedAt: dependencies.now(),
                memoryMegabytes: dependencies.deployment.ownMegabytes)
            var metered = dependencies
            metered.bucket = meter.bucket
            let ledger = ExportLedger(
                bucket: metered.bucket, keys: keys, now: dependencies.now)
            let work = UnitWork(
                ledger: ledger, unit: unit, context: context, meter: meter,
                dependencies: metered)
            do {
                try await work.perform()
            } catch {
                try await ledger.recordFailure(error, of: .unit(unit), context)
                // No other attempt will be made: nobody is to wait for one.
                try await work.releaseCompanions()
            }
        }
    }
}

/// One attempt at one unit.
private struct UnitWork {
    let ledger: ExportLedger
    let unit: RenderUnit
    let context: InvocationContext
    let meter: WorkMeter
    let dependencies: RenderChunk.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    func perform() async throws {
        guard try await !ledger.isStopped() else { return try await releaseCompanions() }
        let plan = try await ledger.plan()
        let companions = CompanionUnits(of: unit, plan, leader: ledger)
        if try await !bucket.objectExists(ledger.keys.receipt(unit)) {
            guard let receipt = try await renderOrReuse(plan, companions) else { return }
            try await record(receipt, of: unit, plan)
        }
        try await companions.request()
        try await ledger.requestStitchIfComplete(plan)
    }

    private func record(
        _ receipt: RenderReceipt, of unit: RenderUnit, _ plan: RenderPlan
    ) async throws {
        var receipt = receipt
        if plan.output.isStreamed {
            let stream = UnitStream(plan: plan, keys: ledger.keys, dependencies: dependencies)
            try await stream.add(unit, receipt)
        }
        receipt.work = meter.work(now: dependencies.now())
        _ = try await bucket.createDocument(receipt, at: ledger.keys.receipt(unit))
    }

    /// Lets the exports that wait for this unit go on by themselves.
    func releaseCompanions() async throws {
        guard let plan = try await bucket.document(RenderPlan.self, at: ledger.keys.plan)
        else { return }
        try await CompanionUnits(of: unit, plan, leader: ledger).request()
    }

    /// - Returns: nil when the range was handed on in smaller ones.
    private func renderOrReuse(
        _ plan: RenderPlan, _ companions: CompanionUnits
    ) async throws -> RenderReceipt? {
        let version = try await dependencies.renderer.version()
        var jobs: [UnitJob] = []
        var receipt: RenderReceipt?
        let own = CompanionUnits.Waiting(ledger: ledger, plan: plan)
        for (index, export) in ([own] + (try await companions.waiting(for: plan))).enumerated() {
            let target = UnitTarget(
                unit, of: export.plan, renderer: dependencies.renderer, version: version,
                owner: ledger.keys.owner)
            if let cached = try? await bucket.headObject(target.key) {
                guard index == 0 else { continue }
                receipt = RenderReceipt(
                    key: target.key.text, etag: cached.etag, frames: target.length,
                    bytes: cached.bytes, cpuMilliseconds: 0, cached: true)
            } else if !jobs.contains(where: { $0.target.key == target.key }) {
                jobs.append(UnitJob(keys: export.ledger.keys, plan: export.plan, target: target))
            }
        }
        guard let receipt else {
            do {
                return try await renderOrHandOn(jobs, companions)
            } catch let error as FFmpegError where jobs.count > 1 && error.code != .cancelled {
                // It may be another's picture that does not come out.
                logApart(error)
                return try await renderOrHandOn([jobs[0]], companions)
            }
        }
        if !jobs.isEmpty {
            do {
                _ = try await render(jobs)
            } catch HandlerFailure.stopped {
                throw HandlerFailure.stopped
            } catch {
                // Made for others alone, who will find out by themselves.
                logApart(error)
            }
        }
        return receipt
    }

    private func logApart(_ error: any Error) {
        context.logger.warning(
            "Work for more than this chunk did not come out.", ["error": .string("\(error)")])
    }

    /// - Returns: nil when the range was handed on in smaller ones.
    private func renderOrHandOn(
        _ jobs: [UnitJob], _ companions: CompanionUnits
    ) async throws -> RenderReceipt? {
        do {
            return try await render(jobs) { rendering, scratch in
                try await handOnRest(rendering, companions, scratch: scratch)
            }
        } catch HandlerFailure.outOfTime {
            guard try await handOn(companions) else { throw HandlerFailure.outOfTime }
            return nil
        }
    }

    /// Renders into the cache.
    /// - Parameter rescue: Called with what is left when time has run out; answers
    ///   whether it was of use.
    /// - Returns: The receipt of the first job; nil where the rescue was of use.
    private func render(
        _ jobs: [UnitJob],
        rescue: @Sendable (UnitRendering, _ scratch: String) async throws -> Bool = { _, _ in
            false
        }
    ) async throws -> RenderReceipt? {
        let sources = UnitSources(plan: jobs[0].plan, bucket: bucket, owner: ledger.keys.owner)
        let urls = try await sources.urls(for: unit)
        let monitor = RenderMonitor(
            ledger: ledger, progressKeys: jobs.map { $0.keys.progress(unit) },
            giveUpAtMilliseconds: context.giveUpAt(now: dependencies.now()),
            sleep: dependencies.sleep)
        let rendering = UnitRendering(unit: unit, jobs: jobs, sourceURLs: urls)
        let (renderer, bucket) = (dependencies.renderer, bucket)
        return try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
            do {
                return try await monitor.run { progress in
                    let reports = try await rendering.render(
                        with: renderer, scratch: scratch, progress)
                    return try await rendering.store(reports, in: bucket, scratch: scratch)
                }
            } catch HandlerFailure.outOfTime {
                guard try await rescue(rendering, scratch) else { throw HandlerFailure.outOfTime }
                return nil
            }
        }
    }

    /// Keeps the frames that are finished and asks for the rest, in parts of no more
    /// than those.
    /// - Returns: False where there is too little to keep.
    private func handOnRest(
        _ rendering: UnitRendering, _ companions: CompanionUnits, scratch: String
    ) async throws -> Bool {
        guard
            let part = try? await rendering.finishedPart(
                with: dependencies.renderer, scratch: scratch, owner: ledger.keys.owner,
                milliseconds: { context.deadlineMilliseconds - dependencies.now() })
        else { return false }
        let rest = part.rest.map(RenderUnit.video)
        try await companions.awaitUnits(rest + [part.unit])
        // Others begin while this one stores its part.
        for unit in rest { try await ledger.requestUnit(unit) }
        do {
            let receipt = try await part.rendering.store(
                [part.report], in: bucket, scratch: scratch)
            try await record(receipt, of: part.unit, part.plan)
        } catch {
            // Then another renders it.
            logApart(error)
        }
        // Where the part is there, its event looks whether everything is.
        try await ledger.requestUnit(part.unit)
        context.logger.info(
            "A chunk did not fit into the time limit: the rest was handed on.",
            ["chunk": .string(unit.name), "finished": .string(part.unit.name)])
        return true
    }

    /// Asks for the two halves of a range that did not fit into the time.
    private func handOn(_ companions: CompanionUnits) async throws -> Bool {
        let halves: [RenderUnit]
        switch unit {
        case .video(let frames) where frames.count >= RenderChunk.minimumSplitFrames:
            halves = frames.halves.map(RenderUnit.video)
        case .sound(let frames) where frames.count >= RenderChunk.minimumSplitSound:
            halves = frames.halves.map(RenderUnit.sound)
        case .video, .sound, .audio: return false
        }
        try await companions.awaitUnits(halves)
        for half in halves { try await ledger.requestUnit(half) }
        context.logger.info(
            "A chunk did not fit into the time limit and was split.",
            ["chunk": .string(unit.name)])
        return true
    }
}

extension FrameRange {
    /// The later half first: its request is the one that waits longer.
    fileprivate var halves: [FrameRange] {
        let middle = start + count / 2
        return [FrameRange(middle, end), FrameRange(start, middle)]
    }
}
