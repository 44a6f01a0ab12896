import MediaTime
package import RenderPlans
package import WallClock

/// Action of the sweep for one export that is not terminal.
package enum SweepAction: Hashable, Sendable {
    /// Remove the marker of an export that has ended, is removed or was never written.
    case removeMarker
    /// Write a request that an interrupted start-export left out.
    case writeRequest(RenderUnit)
    /// Put the request again, so that its event is sent again.
    case repeatRequest(RenderUnit)
    /// Note that no work was done for `stallTime`.
    case noteStall
    case writeStitchRequest
    case repeatStitchRequest
    /// End the export with this sentence as its error.
    case fail(String)
    /// Write the result of a cancel that was interrupted.
    case cancel
}

/// Decides from the listing alone. Pure: every case is a table row.
package enum SweepDecision {
    /// An export whose objects have not changed for this long has lost an event: renderers write
    /// progress every two seconds.
    package static let quietTime = Duration.seconds(120)
    /// A unit without progress for this long has lost its renderer, even while others work.
    package static let stuckUnitTime = Duration.seconds(90)
    /// An export on which no work was done for this time is stalled.
    package static let stallTime = Duration.seconds(24 * 3_600)
    /// A stalled export fails after this time, for which its work is requested again: a clock
    /// that jumped forward does not end an export.
    package static let stallGraceTime = Duration.seconds(3_600)

    /// Actions for one export.
    /// - Parameter plan: The stored plan; nil if there is none.
    package static func actions(
        for listing: ExportListing, plan: RenderPlan?, now: UnixTime
    ) -> [SweepAction] {
        guard !listing.hasResult, !listing.hasTombstone else { return [.removeMarker] }
        guard !listing.hasCancel else { return [.cancel] }
        let isQuiet = listing.lastActivity(now: now).map { now - $0 > quietTime } ?? true
        guard let plan else { return isQuiet ? [.removeMarker] : [] }
        let stall = stallActions(for: listing, now: now)
        if case .fail? = stall.first { return stall }
        if listing.isEverythingRendered(of: plan) {
            guard listing.hasStitchRequest else { return stall + [.writeStitchRequest] }
            return isQuiet ? stall + [.repeatStitchRequest] : stall
        }
        return stall + requests(for: listing, plan: plan, isQuiet: isQuiet, now: now)
    }

    private static func requests(
        for listing: ExportListing, plan: RenderPlan, isQuiet: Bool, now: UnixTime
    ) -> [SweepAction] {
        let due = plan.unitsAtOnce.map { _ in Set(listing.nextUnits(of: plan)) }
        // A wave that stopped is continued at once, unless a leader's renderers continue it.
        let mayWrite = isQuiet || due != nil && plan.leader == nil
        return unfinishedUnits(of: plan, in: listing).compactMap { unit in
            guard listing.requests[unit] != nil else {
                return mayWrite && due?.contains(unit) != false ? .writeRequest(unit) : nil
            }
            let isStuck =
                listing.progress[unit].map { progress in
                    let age = now - progress.written
                    return age > stuckUnitTime || age < .zero - ExportListing.clockSkewMax
                } ?? false
            return isQuiet || isStuck ? .repeatRequest(unit) : nil
        }
    }

    private static func stallActions(for listing: ExportListing, now: UnixTime) -> [SweepAction] {
        guard let lastWork = listing.lastWork(now: now), now - lastWork > stallTime else {
            return []
        }
        guard let noted = listing.stalledAt, noted > lastWork,
            noted <= now + ExportListing.clockSkewMax
        else { return [.noteStall] }
        return now - noted > stallGraceTime
            ? [.fail("No work was done on the export for 24 hours.")] : []
    }

    /// Units without a receipt, in time order, audio last.
    private static func unfinishedUnits(
        of plan: RenderPlan, in listing: ExportListing
    ) -> [RenderUnit] {
        let asked = listing.requestedChunks
        // Finer requests already cover a range that was split.
        let planned = plan.chunks.filter { chunk in
            Tiling.cover(chunk, with: asked) == nil
        }
        let ranges = Set(planned + asked).sorted { $0.start < $1.start }
        return ranges.filter { !listing.isDone($0) }.map(RenderUnit.video)
            + unfinishedAudio(of: plan, in: listing)
    }

    private static func unfinishedAudio(
        of plan: RenderPlan, in listing: ExportListing
    ) -> [RenderUnit] {
        guard let pieces = plan.audioPieces else {
            return plan.audioUnits.filter { !listing.receipts.contains($0) }
        }
        let asked = listing.requestedAudioPieces
        let planned = pieces.filter { Tiling.cover($0, with: asked) == nil }
        return Set(planned + asked).sorted { $0.start < $1.start }
            .filter { !listing.isAudioDone($0) }.map(RenderUnit.audioPiece)
    }
}
