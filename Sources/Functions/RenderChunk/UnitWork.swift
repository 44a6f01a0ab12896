import FFmpeg
import FoundationEssentials
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans

/// Observes the facts that `RenderDecision` needs and performs its steps, for one
/// attempt at one unit.
struct UnitWork {
    private let attempt: ExportAttempt
    private let unit: RenderUnit
    /// Folder of the attempt's files.
    private let scratch: String

    /// Nil when a stopped export has no plan.
    private var plan: RenderPlan?
    /// One for each of the observation's targets.
    private var jobs: [UnitJob] = []
    /// The object at the first target's address.
    private var cachedObject: ObjectInfo?
    private var renderCount = 0
    /// Receipt of the last render, for its first target.
    private var rendered: RenderReceipt?
    /// Whole frames that the last render left.
    private var finished: RenderReport?
    private var failure: any Error = HandlerFailure.permanent("The unit has no content.")

    init(_ attempt: ExportAttempt, _ unit: RenderUnit, scratch: String) {
        self.attempt = attempt
        self.unit = unit
        self.scratch = scratch
    }

    private var bucket: any Bucket { attempt.bucket }
    private var ledger: ExportLedger { attempt.ledger }
    /// A long export leaves a busy machine to short ones.
    private var renderer: any MediaRenderer {
        plan?.unitsAtOnce == nil ? attempt.renderer : attempt.renderer.inBackground
    }
    private var companions: SharedUnits {
        SharedUnits(of: unit, plan, leader: ledger)
    }

    // MARK: Observe

    /// Reads the store.
    /// - Throws: any store error except "not found": a store that throttles is not a
    ///   cache miss.
    mutating func observe() async throws -> RenderObservation {
        var observation = RenderObservation(unit: unit)
        observation.isStopped = try await ledger.isStopped()
        if observation.isStopped {
            plan = try await ledger.usablePlan()
            return observation
        }
        let plan = try await ledger.plan()
        self.plan = plan
        observation.hasReceipt = try await bucket.objectExists(ledger.keys.receipt(unit))
        if observation.hasReceipt { return observation }
        let version = try await renderer.version()
        let own = SharedUnits.Waiting(ledger: ledger, plan: plan)
        for export in [own] + (try await companions.waiting(for: plan)) {
            let target = UnitTarget(
                unit, of: export.plan, renderer: renderer, version: version,
                owner: ledger.keys.owner)
            let object = try await bucket.objectInfo(target.key)
            if jobs.isEmpty { cachedObject = object }
            jobs.append(UnitJob(keys: export.ledger.keys, plan: export.plan, target: target))
            observation.targets.append(
                .init(address: target.key.text, isCached: object != nil))
        }
        return observation
    }

    // MARK: Perform

    /// - Returns: the render of a `.render` action; nil for any other action.
    mutating func perform(_ action: RenderAction) async throws -> RenderObservation.Render? {
        switch action {
        case .render(let targets):
            return .init(targets: targets, outcome: await render(targets))
        case .recordCached:
            if let receipt = try await cachedReceipt() {
                // Before the receipt: a chunk that a receipt names counts as used.
                if attempt.dependencies.recordsCacheUse {
                    try await bucket.putMarker(ExportKeys.use(of: ObjectKey(receipt.key)))
                }
                try await record(receipt, of: unit)
            }
        case .recordRendered:
            if let receipt = rendered { try await record(receipt, of: unit) }
        case .salvage(let salvaged):
            await salvage(salvaged)
        case .awaitUnits(let units):
            attempt.context.logger.info(
                "Chunk split: time limit reached",
                [
                    "chunk": .string(unit.name),
                    "units": .string(units.map(\.name).joined(separator: " ")),
                ])
            try await companions.awaitUnits(units)
        case .request(let units):
            for unit in units { try await ledger.requestUnit(unit) }
        case .releaseCompanions:
            try await companions.request()
        case .requestStitchIfComplete:
            if let plan { try await ledger.requestStitchIfComplete(plan) }
        case .fail:
            throw failure
        }
        return nil
    }

    private mutating func render(_ targets: [Int]) async -> RenderObservation.Outcome {
        renderCount += 1
        let folder = renderFolder
        do {
            rendered = try await render(targets.map { jobs[$0] }, in: folder)
            return .rendered
        } catch HandlerFailure.stopped {
            return .stopped
        } catch HandlerFailure.outOfTime {
            failure = HandlerFailure.outOfTime
            if targets == [0] { finished = await finishedFrames(in: folder) }
            return .outOfTime(
                finished: finished.map { .init(count: $0.frames, bytes: $0.bytes) },
                remaining: attempt.remaining)
        } catch {
            failure = error
            if targets != [0] { warn("Shared render failed", error) }
            let code = (error as? FFmpegError)?.code
            return .failed(byRenderer: code != nil && code != .cancelled)
        }
    }

    /// Folder of the last render: a second render must not find files of the first.
    private var renderFolder: String { "\(scratch)/render-\(renderCount)" }

    /// Renders into the cache.
    /// - Returns: the receipt of the first job.
    private func render(_ jobs: [UnitJob], in folder: String) async throws -> RenderReceipt {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let sources = UnitSources(plan: jobs[0].plan, bucket: bucket, owner: ledger.keys.owner)
        let rendering = UnitRendering(
            unit: unit, jobs: jobs, sourceURLs: try await sources.urls(for: unit))
        let (renderer, bucket) = (self.renderer, bucket)
        return try await attempt.monitored(progressKeys: jobs.map { $0.keys.progress(unit) }) {
            progress in
            let reports = try await rendering.render(with: renderer, folder: folder, progress)
            return try await rendering.store(reports, in: bucket, folder: folder)
        }
    }

    /// Whole frames of a render that ran out of time. Best effort: without them the
    /// unit is split into halves.
    private func finishedFrames(in folder: String) async -> RenderReport? {
        guard case .video(let frames) = unit else { return nil }
        do {
            return try await renderer.salvagedFrames(
                of: frames, in: jobs[0].plan,
                at: UnitRendering.path(0, jobs[0].target, in: folder))
        } catch {
            warn("Finished frames not readable", error)
            return nil
        }
    }

    private func salvage(_ salvaged: RenderUnit) async {
        guard let finished else { return }
        do {
            let target = UnitTarget(
                salvaged, of: jobs[0].plan, renderer: renderer,
                version: try await renderer.version(), owner: ledger.keys.owner)
            let job = UnitJob(keys: jobs[0].keys, plan: jobs[0].plan, target: target)
            let rendering = UnitRendering(unit: salvaged, jobs: [job], sourceURLs: [:])
            let receipt = try await rendering.store([finished], in: bucket, folder: renderFolder)
            try await record(receipt, of: salvaged)
            attempt.context.logger.info(
                "Finished frames salvaged",
                ["chunk": .string(unit.name), "finished": .string(salvaged.name)])
        } catch {
            // The unit's request has another renderer make it.
            warn("Finished frames not stored", error)
        }
    }

    // MARK: Receipts

    private func cachedReceipt() async throws -> RenderReceipt? {
        guard let object = cachedObject else { return nil }
        var receipt = RenderReceipt(
            key: object.key.text, etag: object.etag, frames: jobs[0].target.length,
            bytes: object.bytes, cpuMilliseconds: 0, cached: true)
        if object.contentType?.hasSuffix(UnitRendering.warningsMark) == true {
            receipt.warnings = try await bucket.document(
                [MediaWarning].self, at: ExportKeys.warnings(ofUnit: object.key))
        }
        return receipt
    }

    private func record(_ receipt: RenderReceipt, of unit: RenderUnit) async throws {
        var receipt = receipt
        let plan = jobs[0].plan
        if plan.output.isStreamed {
            let stream = UnitStream(
                plan: plan, keys: ledger.keys, dependencies: attempt.dependencies)
            do {
                try await stream.add(unit, receipt)
            } catch let error as FFmpegError where error.mayLieInUnits {
                try await discardIfDamaged(receipt, of: unit, plan)
                throw error
            }
        }
        receipt.work = attempt.measuredWork
        _ = try await bucket.createDocument(receipt, at: ledger.keys.receipt(unit))
    }

    /// Deletes the unit's cache object if it is damaged: the next attempt renders it.
    private func discardIfDamaged(
        _ receipt: RenderReceipt, of unit: RenderUnit, _ plan: RenderPlan
    ) async throws {
        let damaged = try await UnitInspection(attempt: attempt, plan: plan)
            .damaged(of: [(unit, receipt)], decoding: false)
        guard !damaged.isEmpty else { return }
        try await bucket.deleteObject(ObjectKey(receipt.key))
    }

    private func warn(_ message: String, _ error: any Error) {
        attempt.context.logger.warning(
            message, ["chunk": .string(unit.name), "error": .string("\(error)")])
    }
}
