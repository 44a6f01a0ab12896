import MediaTime
package import RenderPlans

/// Bounds the units of one export that are requested and unfinished at a time.
///
/// The queue of requests belongs to the platform. A long export therefore requests a wave, and
/// each receipt requests what follows: other exports wait for these few units, and a cancelled
/// export leaves no more than them behind.
package struct RequestWindow: Hashable, Sendable {
    /// Smallest window: an export of so many units requests all at once.
    package var unitCountMin: Int
    /// Units for each renderer: one that works, one that waits, so that no renderer is idle while
    /// a receipt requests the next unit.
    package var unitsPerRenderer: Int

    /// A window of at least 16 units, and of two for each renderer.
    package init(unitCountMin: Int = 16, unitsPerRenderer: Int = 2) {
        self.unitCountMin = unitCountMin
        self.unitsPerRenderer = unitsPerRenderer
    }

    /// The window of a plan; nil if all its units fit.
    /// - Parameters:
    ///   - unitCount: Units of the plan.
    ///   - concurrency: Renderers that may run at once.
    package func unitsAtOnce(unitCount: Int, concurrency: Int) -> Int? {
        let window = max(unitCountMin, unitsPerRenderer * concurrency)
        return unitCount > window ? window : nil
    }
}

extension RenderPlan {
    /// Every unit, the audio first: as the last unit it would keep one renderer busy alone.
    package var units: [RenderUnit] { audioUnits + chunks.map(RenderUnit.video) }

    /// The units that are requested when the export starts. Units that a leader renders are noted
    /// as awaited, or left to it if the plan has a window.
    package var firstUnits: [RenderUnit] {
        guard let unitsAtOnce else { return units }
        return Array(units.filter { leader?.shares($0) != true }.prefix(unitsAtOnce))
    }

    /// The whole picture and the whole audio in pieces, each as one unit: the status of an export
    /// whose units are not all requested is derived from them. Empty without a window.
    package var plannedRanges: [RenderUnit] {
        guard unitsAtOnce != nil else { return [] }
        var ranges: [RenderUnit] = []
        if let first = chunks.first, let last = chunks.last {
            ranges.append(.video(FrameRange(first.start, last.end)))
        }
        if output.hasAudio, let first = audioPieces?.first, let last = audioPieces?.last {
            ranges.append(.audioPiece(AudioFrameRange(first.start, last.end)))
        }
        return ranges
    }
}

extension ExportListing {
    /// The units to request next, so that `unitsAtOnce` of the plan are requested and unfinished.
    /// Without a window all are requested when the export starts, so only units that an ended
    /// leader left are next.
    /// - Parameter besideLeader: True while the plan's leader renders the units that both share.
    package func nextUnits(of plan: RenderPlan, besideLeader: Bool = false) -> [RenderUnit] {
        if plan.unitsAtOnce == nil, plan.leader == nil || besideLeader { return [] }
        let room = plan.unitsAtOnce.map { $0 - pendingCount } ?? .max
        guard room > 0 else { return [] }
        return Array(
            plan.units.lazy.filter { unit in
                !(besideLeader && plan.leader?.shares(unit) == true) && !isKnown(unit)
            }.prefix(room))
    }

    /// Number of units that are requested here and have no receipt.
    private var pendingCount: Int {
        let known = receipts.union(requests.keys)
        return Tiling.finest(known.compactMap(\.frames)).count { !isDone($0) }
            + Tiling.finest(known.compactMap(\.audioFrames)).count { !isAudioDone($0) }
            + (requests[.audio] != nil && !receipts.contains(.audio) ? 1 : 0)
    }

    /// True if the unit or finer ones are requested, or it has a receipt.
    private func isKnown(_ unit: RenderUnit) -> Bool {
        if requests[unit] != nil || receipts.contains(unit) { return true }
        let known = receipts.union(requests.keys)
        switch unit {
        case .audio: return false
        case .video(let frames):
            return isDone(frames) || Tiling.cover(frames, with: known.compactMap(\.frames)) != nil
        case .audioPiece(let frames):
            return isAudioDone(frames)
                || Tiling.cover(frames, with: known.compactMap(\.audioFrames)) != nil
        }
    }
}
