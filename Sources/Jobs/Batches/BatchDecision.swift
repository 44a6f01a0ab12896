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
    /// Time at which the uploads were released; nil before.
    package var releasedAt: UnixTime?
    /// True if an export outside the batch reads one of its uploads.
    package var areUploadsRead: Bool
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
        areUploadsRead = false
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
    /// Prevent new edits from using the uploads.
    case releaseUploads
    /// Delete the uploads of the batch.
    case deleteUploads
    /// Nothing is left to do.
    case removeMarker
}

/// Decides the next actions for a batch. Pure: every case is a table row.
package enum BatchDecision {
    /// Time between release and deletion of an upload. A start-export that read the asset
    /// before its release has written its marker by then: its time limit is 30 seconds.
    package static let releaseTime = Duration.seconds(35)

    /// Actions in order; empty to wait for another event.
    package static func actions(for facts: BatchObservation) -> [BatchAction] {
        guard let status = facts.status else { return [.removeMarker] }
        guard facts.hasResult else {
            if let end = status.end(at: facts.now) { return [.finish(end), .requestNext] }
            return facts.hasTurn && !facts.isStarted ? [.writeExports] : []
        }
        let running = status.members.indices.filter { !status.members[$0].state.isTerminal }
        guard running.isEmpty else {
            return status.state == .cancelled
                ? [.cancelExports(Array(running)), .requestNext] : []
        }
        guard status.record.files.contains(where: \.isUpload) else { return [.removeMarker] }
        guard !facts.areUploadsRead else { return [] }
        guard let released = facts.releasedAt else { return [.releaseUploads] }
        return facts.now - released >= releaseTime ? [.deleteUploads, .removeMarker] : []
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
