import AWSSignature
import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// Renders one unit of an export: a range of frames, or the whole sound.
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

    /// A range of fewer frames is not split any further.
    static let minimumSplitFrames = 48
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
            guard var receipt = try await renderOrReuse(plan, companions) else { return }
            if plan.output.isStreamed {
                let stream = UnitStream(
                    plan: plan, keys: ledger.keys, dependencies: dependencies)
                try await stream.add(unit, receipt)
            }
            receipt.work = meter.work(now: dependencies.now())
            _ = try await bucket.createDocument(receipt, at: ledger.keys.receipt(unit))
        }
        try await companions.request()
        try await ledger.requestStitchIfComplete(plan)
    }

    /// Lets the exports that wait for this unit go on by themselves.
    func releaseCompanions() async throws {
        guard let plan = try await bucket.document(RenderPlan.self, at: ledger.keys.plan)
        else { return }
        try await CompanionUnits(of: unit, plan, leader: ledger).request()
    }

    /// - Returns: nil when the range was handed on as two smaller ones.
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
        guard !jobs.isEmpty else { return receipt }
        do {
            let rendered = try await render(jobs)
            return receipt ?? rendered
        } catch HandlerFailure.outOfTime {
            guard try await handOn(companions) else { throw HandlerFailure.outOfTime }
            return nil
        } catch let error as FFmpegError where jobs.count > 1 && error.code != .cancelled {
            // It may be another's picture that does not come out.
            context.logger.warning(
                "Chunks could not be rendered together.", ["error": .string(error.description)])
            if let receipt { return receipt }
            return try await render([jobs[0]])
        }
    }

    /// Renders into the cache.
    /// - Returns: The receipt of the first job.
    private func render(_ jobs: [UnitJob]) async throws -> RenderReceipt {
        let plan = jobs[0].plan
        let sources = UnitSources(plan: plan, bucket: bucket, owner: ledger.keys.owner)
        let urls = try await sources.urls(for: unit)
        let monitor = RenderMonitor(
            ledger: ledger, progressKeys: jobs.map { $0.keys.progress(self.unit) },
            giveUpAtMilliseconds: context.giveUpAt(now: dependencies.now()),
            sleep: dependencies.sleep)
        let renderer = dependencies.renderer
        let unit = unit
        let bucket = bucket
        return try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
            let paths = jobs.enumerated().map { index, job in
                "\(scratch)/unit-\(index).\(job.target.fileExtension)"
            }
            return try await monitor.run { progress in
                let reports =
                    switch unit {
                    case .video(let frames) where jobs.count > 1:
                        try await renderer.renderChunks(
                            zip(jobs, paths).map { ChunkOutput(frames, of: $0.plan, to: $1) },
                            sourceURLs: urls, progress: progress)
                    case .video(let frames):
                        [
                            try await renderer.renderChunk(
                                frames, of: plan, sourceURLs: urls, to: paths[0],
                                progress: progress)
                        ]
                    case .audio:
                        [
                            try await renderer.renderAudio(
                                of: plan, sourceURLs: urls, to: paths[0], progress: progress)
                        ]
                    }
                var first: RenderReceipt?
                for ((job, path), report) in zip(zip(jobs, paths), reports) {
                    let stored = try await bucket.uploadFile(
                        path, to: job.target.key, contentType: job.target.contentType)
                    guard first == nil else { continue }
                    var receipt = RenderReceipt(
                        key: job.target.key.text, etag: stored.etag, frames: job.target.length,
                        bytes: stored.bytes, cpuMilliseconds: report.cpuMicroseconds / 1_000,
                        cached: false)
                    if plan.output.video.copiesUntouched, unit != .audio {
                        receipt.copiedFrames = report.copiedFrames
                        receipt.encodedBecause = report.encodedBecause
                    }
                    first = receipt
                }
                guard let first else { throw CancellationError() }
                return first
            }
        }
    }

    /// Asks for the two halves of a range that did not fit into the time.
    private func handOn(_ companions: CompanionUnits) async throws -> Bool {
        guard case .video(let frames) = unit, frames.count >= RenderChunk.minimumSplitFrames else {
            return false
        }
        let middle = frames.start + frames.count / 2
        let halves = [FrameRange(middle, frames.end), FrameRange(frames.start, middle)]
            .map(RenderUnit.video)
        try await companions.awaitUnits(halves)
        for half in halves { try await ledger.requestUnit(half) }
        context.logger.info(
            "A chunk did not fit into the time limit and was split.",
            ["chunk": .string(unit.name)])
        return true
    }
}

/// One export's unit that is to be rendered.
private struct UnitJob: Sendable {
    var keys: ExportKeys
    var plan: RenderPlan
    var target: UnitTarget
}

/// Where a unit's bytes go: an address made of what they depend on.
private struct UnitTarget: Sendable {
    let key: ObjectKey
    let fileExtension: String
    let contentType: String
    /// Frames, or samples for the sound.
    let length: Int

    init(
        _ unit: RenderUnit, of plan: RenderPlan, renderer: any MediaRenderer, version: String,
        owner: OwnerID
    ) {
        let fingerprint: String
        switch unit {
        case .video(let frames):
            fingerprint = renderer.fingerprint(frames, of: plan, version: version)
            fileExtension = chunkFileExtension(for: plan.output)
            contentType = fileExtension == "mp4" ? "video/mp4" : "video/quicktime"
            length = frames.count
        case .audio:
            fingerprint = audioFingerprint(of: plan, ffmpegVersion: version)
            fileExtension = audioFileExtension(for: plan.output)
            contentType = audioContentType(for: plan.output)
            length = plan.sampleCount
        }
        key = ExportKeys.cache(
            sha256Hex(fingerprint), fileExtension: fileExtension, owner: owner)
    }
}
