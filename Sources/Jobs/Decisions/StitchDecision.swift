/// Facts that decide the steps of one attempt at a stitch.
package struct StitchObservation: Hashable, Sendable {
    /// A unit of the plan's tiling and the state of its render.
    package struct Unit: Hashable, Sendable {
        /// State of a unit's receipt and cache object.
        package enum State: Hashable, Sendable {
            /// Receipt and cache object exist.
            case ready
            /// The receipt is gone: another attempt requested the unit again.
            case noReceipt
            /// The receipt names a cache object that no longer exists.
            case lost
            /// The cache object is short or unreadable.
            case damaged
        }

        /// The unit.
        package var unit: RenderUnit
        /// State of its render.
        package var state: State

        /// A unit and the state of its render.
        package init(_ unit: RenderUnit, _ state: State) {
            self.unit = unit
            self.state = state
        }
    }

    /// The export is cancelled or has ended, or this attempt is over and is not
    /// repeated.
    package var isStopped = false
    /// Outcome in `result.json`; nil when there is none.
    package var outcome: ExportResult.Outcome?
    /// Units that tile the plan; nil while receipts leave a gap.
    package var units: [Unit]?

    /// An observation without facts about the export.
    package init() {}

    /// Marks units whose cache object was found damaged.
    package mutating func mark(damaged: [RenderUnit]) {
        units = units?.map { damaged.contains($0.unit) ? Unit($0.unit, .damaged) : $0 }
    }
}

/// One step of an attempt at a stitch. The steps of a list run in order.
package enum StitchAction: Hashable, Sendable {
    /// Delete the cache object of a unit that is damaged.
    case discardCached(RenderUnit)
    /// Delete the receipt of a unit whose cache object is lost.
    case forgetReceipt(RenderUnit)
    /// Delete the stitch request, so that the last receipt can create it again.
    case withdrawRequest
    /// Put the unit's request again, so that its event is sent again.
    case repeatRequest(RenderUnit)
    /// Request the stitch if every receipt exists.
    case requestStitchIfComplete
    /// Join the units and write the result, or find out which unit is damaged; then decide again.
    case stitch
    /// Write the cancelled result, then decide again: another result may be first.
    case finishCancelled
    /// Delete the output and the caption files.
    case deleteOutput
}

/// Decides the next steps of an attempt at a stitch. Pure: every case is a table row.
package enum StitchDecision {
    /// The steps to take now. A list with `.stitch` or `.finishCancelled` ends with
    /// it and leads to the next list; any other list ends the attempt.
    package static func actions(for observation: StitchObservation) -> [StitchAction] {
        if let outcome = observation.outcome {
            // Only a completed export has an output. Another attempt may have stored this one.
            return outcome == .completed ? [] : [.deleteOutput]
        }
        // Stopped without a result: `cancel.json` alone.
        if observation.isStopped { return [.finishCancelled] }
        guard let units = observation.units else { return wait }
        let damaged = units.filter { $0.state == .damaged }.map(\.unit)
        let lost = units.filter { $0.state == .lost || $0.state == .damaged }.map(\.unit)
        let isWaiting = units.contains { $0.state == .noReceipt }
        if lost.isEmpty { return isWaiting ? wait : [.stitch] }
        // The object first: a receipt without one is found as lost by the next attempt.
        return damaged.map(StitchAction.discardCached)
            + lost.map(StitchAction.forgetReceipt) + [.withdrawRequest]
            + lost.map(StitchAction.repeatRequest)
    }

    /// An event that is delivered twice may find a unit that the other delivery requested again.
    private static let wait: [StitchAction] = [.withdrawRequest, .requestStitchIfComplete]
}
