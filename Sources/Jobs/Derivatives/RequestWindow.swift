package import RenderPlans

extension RenderPlan {
    /// Every unit, the audio first: as the last unit it would keep one renderer busy alone.
    package var units: [RenderUnit] { audioUnits + chunks.map(RenderUnit.video) }

    /// The units that are requested when the export starts.
    package var firstUnits: [RenderUnit] { Array(units.prefix(unitsAtOnce ?? units.count)) }
}

extension ExportListing {
    /// The units to request next, so that `unitsAtOnce` of the plan are requested and
    /// unfinished. Empty for a plan that requests all at once.
    ///
    /// The queue of requests is served in order, so other exports wait for these few units
    /// and not for the whole plan.
    package func nextUnits(of plan: RenderPlan) -> [RenderUnit] {
        guard let atOnce = plan.unitsAtOnce else { return [] }
        let asked = chunks.filter { !isDone($0) }.count
        let audio =
            plan.audioPieces == nil
            ? (requests[.audio] != nil && !isAudioDone ? 1 : 0)
            : audioPieces.filter { !isAudioDone($0) }.count
        return Array(
            plan.units.lazy.filter { requests[$0] == nil && !receipts.contains($0) }
                .prefix(max(0, atOnce - asked - audio)))
    }
}
