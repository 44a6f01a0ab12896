package import MediaTime

/// Facts that decide the steps of one attempt at one unit.
package struct RenderObservation: Hashable, Sendable {
    /// An export that needs the unit's content: index 0 is the export of the
    /// request, the others wait for the same render.
    package struct Target: Hashable, Sendable {
        /// Content address of the unit for this export.
        package var address: String
        /// True if an object exists at the address.
        package var isCached: Bool

        /// A content address and its state in the cache.
        package init(address: String, isCached: Bool) {
            self.address = address
            self.isCached = isCached
        }
    }

    /// Whole frames in the file of a render that ran out of time.
    package struct FinishedFrames: Hashable, Sendable {
        /// Frames from the start of the unit.
        package var count: Int
        /// Size of the file in bytes.
        package var bytes: Int

        /// Frames that are finished and the size of their file.
        package init(count: Int, bytes: Int) {
            self.count = count
            self.bytes = bytes
        }
    }

    /// Outcome of a render.
    package enum Outcome: Hashable, Sendable {
        /// Every target's file is in the cache.
        case rendered
        /// The export was cancelled or has ended.
        case stopped
        /// An error; `byRenderer` when FFmpeg failed on the content, which may be
        /// another export's.
        case failed(byRenderer: Bool)
        /// The time limit was near. `finished` is nil when no frame is whole.
        case outOfTime(finished: FinishedFrames?, remaining: Duration)
    }

    /// A render of this attempt.
    package struct Render: Hashable, Sendable {
        /// Indices into `targets`.
        package var targets: [Int]
        /// Outcome of the render.
        package var outcome: Outcome

        /// A render for some targets and its outcome.
        package init(targets: [Int], outcome: Outcome) {
            self.targets = targets
            self.outcome = outcome
        }
    }

    /// The unit that the request names.
    package var unit: RenderUnit
    /// The export is cancelled or has ended; or this attempt failed and was the
    /// last.
    package var isStopped = false
    /// An earlier attempt has written the unit's receipt.
    package var hasReceipt = false
    /// Exports that need the content; empty when `isStopped` or `hasReceipt`.
    package var targets: [Target] = []
    /// The last render of this attempt; nil before the first.
    package var lastRender: Render?

    /// An observation without facts about the unit.
    package init(unit: RenderUnit) { self.unit = unit }
}

/// One step of an attempt at a unit. The steps of a list run in order.
package enum RenderAction: Hashable, Sendable {
    /// Render and store the content of these targets, then decide again.
    case render(targets: [Int])
    /// Write the receipt for the object that is in the cache.
    case recordCached
    /// Write the receipt for the last render.
    case recordRendered
    /// Store the finished frames as a unit and write its receipt. Best effort:
    /// the unit is requested in any case.
    case salvage(RenderUnit)
    /// Make the waiting exports wait for these units instead.
    case awaitUnits([RenderUnit])
    /// Write the requests of these units.
    case request([RenderUnit])
    /// Request the unit of the exports that wait for it.
    case releaseCompanions
    /// Request the stitch if every receipt exists.
    case requestStitchIfComplete
    /// Throw the last render's error: it is recorded, and the platform retries or
    /// the export fails.
    case fail
}

/// Decides the next steps of an attempt at a unit. Pure: every case is a table row.
package enum RenderDecision {
    /// A chunk of fewer frames is not split.
    package static let splitFramesMin = 48
    /// A piece of fewer audio frames is not split.
    package static let splitAudioFramesMin = 470
    /// Fewer finished frames are not salvaged.
    package static let salvageFramesMin = 24
    /// Upload rate that salvage assumes: half of the rate measured for a function in the cloud.
    package static let salvageBytesPerSecond = 40_000_000
    /// Time reserved for the records that follow the upload.
    package static let salvageRecordTime = Duration.seconds(1)
    /// Maximum number of units that the rest of a salvaged chunk is cut into.
    package static let restUnitCountMax = 16

    /// The steps to take now. A list with `.render` ends with it, and its outcome
    /// leads to the next list; any other list ends the attempt.
    package static func actions(for observation: RenderObservation) -> [RenderAction] {
        if observation.isStopped { return [.releaseCompanions] }
        if observation.hasReceipt { return [.releaseCompanions, .requestStitchIfComplete] }
        guard let own = observation.targets.first else { return [.fail] }
        let missing = missingTargets(observation.targets)
        guard let last = observation.lastRender else {
            return missing.isEmpty
                ? completed(.recordCached) : [.render(targets: missing)]
        }
        switch last.outcome {
        case .stopped:
            return [.releaseCompanions]
        case .rendered:
            return completed(own.isCached ? .recordCached : .recordRendered)
        case .failed, .outOfTime:
            // The render was for other exports only; they render for themselves.
            if own.isCached { return completed(.recordCached) }
        }
        if case .outOfTime(let finished, let left) = last.outcome {
            return smallerUnits(observation.unit, last, finished, remaining: left)
        }
        // The error may be in the picture of another export.
        if case .failed(byRenderer: true) = last.outcome, last.targets.count > 1 {
            return [.render(targets: [0])]
        }
        return [.fail]
    }

    private static func completed(_ record: RenderAction) -> [RenderAction] {
        [record, .releaseCompanions, .requestStitchIfComplete]
    }

    /// Targets that are not cached, one for each address.
    private static func missingTargets(_ targets: [RenderObservation.Target]) -> [Int] {
        var seen: Set<String> = []
        return targets.indices.filter {
            !targets[$0].isCached && seen.insert(targets[$0].address).inserted
        }
    }

    private static func smallerUnits(
        _ unit: RenderUnit, _ last: RenderObservation.Render,
        _ finished: RenderObservation.FinishedFrames?, remaining: Duration
    ) -> [RenderAction] {
        if last.targets.count == 1, case .video(let frames) = unit, let finished,
            isWorthStoring(finished, of: frames, remaining: remaining)
        {
            let salvaged = RenderUnit.video(
                FrameRange(frames.start, frames.start + finished.count))
            let rest = rest(of: frames, after: finished.count).map(RenderUnit.video)
            // The rest is requested before the upload, so that its renderers start
            // at once. The event of the salvaged unit checks for completeness.
            return [
                .awaitUnits(rest + [salvaged]), .request(rest), .salvage(salvaged),
                .request([salvaged]),
            ]
        }
        let halves = halves(of: unit)
        return halves.isEmpty ? [.fail] : [.awaitUnits(halves), .request(halves)]
    }

    private static func isWorthStoring(
        _ finished: RenderObservation.FinishedFrames, of frames: FrameRange,
        remaining: Duration
    ) -> Bool {
        salvageFramesMin <= finished.count && finished.count < frames.count
            && .seconds(Double(finished.bytes) / Double(salvageBytesPerSecond)) + salvageRecordTime
                <= remaining
    }

    /// The frames after the first `count`, in even ranges of at most `count` frames
    /// as long as `restUnitCountMax` ranges suffice.
    package static func rest(of frames: FrameRange, after count: Int) -> [FrameRange] {
        let (start, left) = (frames.start + count, frames.count - count)
        let parts = min(restUnitCountMax, (left + count - 1) / count)
        return (0..<parts).map {
            FrameRange(start + left * $0 / parts, start + left * ($0 + 1) / parts)
        }
    }

    /// The halves of a unit, the later one first, because its request waits longer. Empty for a
    /// unit that is too short or has no range.
    private static func halves(of unit: RenderUnit) -> [RenderUnit] {
        switch unit {
        case .video(let frames) where frames.count >= splitFramesMin:
            frames.halves.map(RenderUnit.video)
        case .audioPiece(let frames) where frames.count >= splitAudioFramesMin:
            frames.halves.map(RenderUnit.audioPiece)
        case .video, .audioPiece, .audio: []
        }
    }
}

extension MediaRange {
    fileprivate var halves: [MediaRange] {
        let middle = start + count / 2
        return [MediaRange(middle, end), MediaRange(start, middle)]
    }
}
