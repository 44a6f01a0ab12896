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
    /// An export that has no result after this time fails.
    package static let exportTimeMax = Duration.seconds(24 * 3_600)

    /// Actions for one export.
    /// - Parameter plan: The stored plan; nil if there is none.
    package static func actions(
        for listing: ExportListing, plan: RenderPlan?, now: UnixTime
    ) -> [SweepAction] {
        guard !listing.hasResult, !listing.hasTombstone else { return [.removeMarker] }
        guard !listing.hasCancel else { return [.cancel] }
        guard let plan else {
            let isOld = now - listing.lastActivity > quietTime
            return isOld ? [.removeMarker] : []
        }
        if now - listing.firstActivity > exportTimeMax {
            return [.fail("The export did not finish within 24 hours.")]
        }
        let isQuiet = now - listing.lastActivity > quietTime
        if listing.isEverythingRendered(of: plan) {
            guard listing.hasStitchRequest else { return [.writeStitchRequest] }
            return isQuiet ? [.repeatStitchRequest] : []
        }
        let due = plan.unitsAtOnce.map { _ in Set(listing.nextUnits(of: plan)) }
        return unfinishedUnits(of: plan, in: listing).compactMap { unit in
            guard listing.requests[unit] != nil else {
                return isQuiet && due?.contains(unit) != false ? .writeRequest(unit) : nil
            }
            let isStuck =
                listing.progress[unit].map { now - $0.written > stuckUnitTime }
                ?? false
            return isQuiet || isStuck ? .repeatRequest(unit) : nil
        }
    }

    /// Units without a receipt, in time order, audio last.
    private static func unfinishedUnits(
        of plan: RenderPlan, in listing: ExportListing
    ) -> [RenderUnit] {
        let asked = listing.chunks
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
        let asked = listing.audioPieces
        let planned = pieces.filter { Tiling.cover($0, with: asked) == nil }
        return Set(planned + asked).sorted { $0.start < $1.start }
            .filter { !listing.isAudioDone($0) }.map(RenderUnit.audioPiece)
    }
}
