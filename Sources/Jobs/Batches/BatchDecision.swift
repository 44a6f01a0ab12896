package import WallClock

/// Facts about one batch, read from the store.
package struct BatchObservation: Hashable, Sendable {
    /// Status from the record and the exports; nil if there is no record.
    package var status: BatchStatus?
    /// True once `result.json` of the batch exists.
    package var hasResult: Bool
    /// True once every export is written with all its requests.
    package var isStarted: Bool
    /// True if the batch may render now.
    package var hasTurn: Bool
    /// True if another batch that has not ended uses one of the uploads.
    package var areUploadsAwaited: Bool
    /// The current time.
    package var now: UnixTime

    /// An observation of a batch that was just created.
    package init(
        status: BatchStatus?, hasResult: Bool = false, isStarted: Bool = false,
        hasTurn: Bool = true, now: UnixTime
    ) {
        self.status = status
        self.hasResult = hasResult
        self.isStarted = isStarted
        self.hasTurn = hasTurn
        self.now = now
        areUploadsAwaited = false
    }
}

/// Action for one batch.
package enum BatchAction: Hashable, Sendable {
    /// Plan and write the exports; those that exist stay.
    case writeExports
    /// Cancel the exports of these outputs.
    case cancelExports([Int])
    /// Write the batch's one result.
    case finish(BatchResult)
    /// Request the other batches of the owner that wait.
    case requestNext
    /// Delete the uploads of the batch; while another export reads one, stop here.
    case deleteUploads
    /// Nothing is left to do.
    case removeMarker
}

/// Decides the next actions for a batch. Pure: every case is a table row.
package enum BatchDecision {
    /// Actions in order; empty to wait for another event.
    package static func actions(for facts: BatchObservation) -> [BatchAction] {
        guard let status = facts.status else { return [.removeMarker] }
        guard facts.hasResult else {
            if let end = status.end(at: facts.now) ?? status.expiry(at: facts.now) {
                return [.finish(end), .requestNext]
            }
            return facts.hasTurn && !facts.isStarted ? [.writeExports] : []
        }
        let running = status.members.indices.filter { !status.members[$0].state.isTerminal }
        guard running.isEmpty else {
            return status.state == .cancelled
                ? [.cancelExports(Array(running)), .requestNext] : []
        }
        guard status.record.files.contains(where: \.isUpload) else { return [.removeMarker] }
        return facts.areUploadsAwaited ? [] : [.deleteUploads, .removeMarker]
    }
}

/// Chooses which of an owner's batches render.
package enum BatchTurn {
    /// A batch without a result.
    package struct Candidate: Hashable, Sendable {
        /// The batch.
        package var batch: BatchID
        /// Its priority.
        package var priority: BatchPriority
        /// True once one of its exports exists.
        package var isStarted: Bool

        /// A batch that renders or waits.
        package init(batch: BatchID, priority: BatchPriority, isStarted: Bool) {
            self.batch = batch
            self.priority = priority
            self.isStarted = isStarted
        }
    }

    /// True if the batch is among the first `concurrency`: started batches, then by priority,
    /// then in the order of the requests.
    /// - Parameter concurrency: Batches of one owner that render at once; 0 for no limit.
    package static func has(
        _ batch: BatchID, among candidates: [Candidate], concurrency: Int
    ) -> Bool {
        guard concurrency > 0 else { return true }
        let order = candidates.sorted { left, right in
            if left.isStarted != right.isStarted { return left.isStarted }
            if left.priority != right.priority {
                return left.priority.rank < right.priority.rank
            }
            return left.batch.text < right.batch.text
        }
        return order.prefix(concurrency).contains { $0.batch == batch }
    }
}
