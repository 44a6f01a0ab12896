import FFmpeg
import Jobs
import MediaTime
import ObjectStore
import RenderPlans

/// Observes the facts that `StitchDecision` needs and performs its steps, for one
/// attempt at one stitch.
struct StitchWork {
    private let attempt: ExportAttempt
    /// Plan and receipts; nil while a unit is missing.
    private var finished: FinishedUnits?

    init(_ attempt: ExportAttempt) { self.attempt = attempt }

    private var bucket: any Bucket { attempt.bucket }
    private var ledger: ExportLedger { attempt.ledger }

    // MARK: Observe

    /// Reads the store before the stitch.
    mutating func observe() async throws -> StitchObservation {
        var observation = StitchObservation()
        guard try await !ledger.isStopped() else { return try await observeEnd() }
        let plan = try await ledger.plan()
        let listing = try await ledger.listing()
        guard let chunks = listing.finishedChunks(of: plan.pictureFrames),
            let audio = listing.finishedAudio(of: plan)
        else { return observation }
        var (units, receipts): ([StitchObservation.Unit], [RenderReceipt]) = ([], [])
        for unit in chunks.map(RenderUnit.video) + audio {
            let receipt = try await bucket.document(
                RenderReceipt.self, at: ledger.keys.receipt(unit))
            if let receipt { receipts.append(receipt) }
            units.append(.init(unit, try await state(of: receipt)))
        }
        observation.units = units
        if receipts.count == units.count {
            finished = FinishedUnits(
                plan: plan, chunks: chunks, audioUnits: audio, receipts: receipts)
        }
        return observation
    }

    private func state(
        of receipt: RenderReceipt?
    ) async throws -> StitchObservation.Unit.State {
        guard let receipt else { return .noReceipt }
        return try await bucket.objectExists(ObjectKey(receipt.key)) ? .ready : .lost
    }

    /// Reads the result of an export whose stitch is over or was stopped.
    func observeEnd() async throws -> StitchObservation {
        var observation = StitchObservation()
        observation.isStopped = true
        observation.outcome = try await ledger.result()?.outcome
        return observation
    }

    // MARK: Perform

    /// A fact that an action brought to light.
    enum News {
        /// The outcome in `result.json`; it may be another writer's.
        case outcome(ExportResult.Outcome)
        /// Units whose cache objects are damaged.
        case damaged([RenderUnit])
    }

    /// - Returns: Nil for an action that leads to no news.
    func perform(_ action: StitchAction) async throws -> News? {
        switch action {
        case .discardCached(let unit):
            guard let receipt = finished?.receipt(of: unit) else { return nil }
            try await bucket.deleteObject(ObjectKey(receipt.key))
        case .forgetReceipt(let unit):
            try await bucket.deleteObject(ledger.keys.receipt(unit))
        case .withdrawRequest:
            try await bucket.deleteObject(ledger.keys.stitchRequest)
        case .repeatRequest(let unit):
            try await ledger.repeatRequest(unit)
        case .requestStitchIfComplete:
            try await ledger.requestStitchIfComplete(try await ledger.plan())
        case .stitch:
            guard let finished else { return nil }
            return try await stitch(finished)
        case .finishCancelled:
            return .outcome(try await ledger.cancel().outcome)
        case .deleteOutput:
            try await deleteOutput()
        }
        return nil
    }

    private func stitch(_ finished: FinishedUnits) async throws -> News {
        let output = StitchedOutput(attempt: attempt, units: finished)
        do {
            let result = try await withScratchDirectory(
                in: attempt.dependencies.scratchRoot
            ) { scratch in
                try await attempt.monitored { _ in try await output.make(in: scratch) }
            }
            return .outcome(try await ledger.finish(result).outcome)
        } catch let error as FFmpegError where error.mayLieInUnits {
            let damaged = try await UnitInspection(attempt: attempt, plan: finished.plan)
                .damaged(of: finished.units, decoding: error.code == .verificationFailed)
            // Counts as a failed attempt, so that it cannot be repeated without end.
            guard !damaged.isEmpty,
                try await ledger.noteFailure(error, of: .stitch, attempt.context)
            else { throw error }
            return .damaged(damaged)
        }
    }

    /// Without a plan nothing was stitched.
    private func deleteOutput() async throws {
        guard let plan = try await ledger.usablePlan() else { return }
        try await bucket.deleteObject(
            ledger.keys.output(fileExtension: plan.output.format.rawValue))
        for format in plan.captionFiles ?? [] {
            try await bucket.deleteObject(ledger.keys.captions(format))
        }
    }
}

/// The units of an export, each with its receipt.
struct FinishedUnits: Sendable {
    /// With the ranges that were rendered: a split chunk is joined from its parts.
    var plan: RenderPlan
    var video: [RenderReceipt]
    /// Empty where the export has no audio.
    var audio: [RenderReceipt]
    /// The units of `video` and then of `audio`.
    private var names: [RenderUnit]

    /// Every unit with its receipt.
    var units: [(unit: RenderUnit, receipt: RenderReceipt)] {
        zip(names, video + audio).map { ($0, $1) }
    }

    func receipt(of unit: RenderUnit) -> RenderReceipt? {
        units.first { $0.unit == unit }?.receipt
    }

    /// - Parameter receipts: Of the chunks, then of the audio units, in time order.
    init(
        plan: RenderPlan, chunks: [FrameRange], audioUnits: [RenderUnit],
        receipts: [RenderReceipt]
    ) {
        self.plan = plan
        self.plan.chunks = chunks
        if plan.audioPieces != nil { self.plan.audioPieces = audioUnits.compactMap(\.audioFrames) }
        names = chunks.map(RenderUnit.video) + audioUnits
        video = Array(receipts[..<chunks.count])
        audio = Array(receipts[chunks.count...])
    }
}
