import MediaTime
package import WallClock

/// State of a batch, in Video Refresher's words.
package enum BatchState: String, Hashable, Sendable, Codable {
    case queued, processing, complete, failed, cancelled

    /// True if the batch has ended.
    package var isTerminal: Bool { self != .queued && self != .processing }
}

/// The export of one output as its batch sees it.
package struct BatchMember: Hashable, Sendable {
    /// True once the export's plan is stored.
    package var isWritten: Bool
    /// State of the export.
    package var state: ExportState
    /// Rendered share in percent, 0 to 100.
    package var percent: Int
    /// Reason of a failure.
    package var error: String?
    /// The finished file; nil unless completed.
    package var output: ExportResult.Output?
    /// Time of the end; nil while the export runs.
    package var finishedAt: UnixTime?

    /// An export that is not written yet.
    package static let unwritten = BatchMember(
        isWritten: false, state: .queued, percent: 0, error: nil, output: nil, finishedAt: nil)

    private init(
        isWritten: Bool, state: ExportState, percent: Int, error: String?,
        output: ExportResult.Output?, finishedAt: UnixTime?
    ) {
        self.isWritten = isWritten
        self.state = state
        self.percent = percent
        self.error = error
        self.output = output
        self.finishedAt = finishedAt
    }

    /// The export of this listing.
    /// - Parameter result: The content of `result.json` if it is listed.
    package init(_ listing: ExportListing, result: ExportResult?) {
        let status = ExportStatus(listing, result: result)
        self.init(
            isWritten: listing.hasPlan,
            state: listing.hasTombstone ? .expired : status.state,
            percent: listing.hasPlan && status.state != .queued
                ? (status.work.fraction * Rational(100)).floor : 0,
            error: result?.error, output: result?.output, finishedAt: result?.finishedAt)
    }
}

/// Status of a batch, derived from its exports. A pure function of its arguments.
package struct BatchStatus: Hashable, Sendable {
    /// The request.
    package let record: BatchRecord
    /// The export of each output, in the order of `record.outputs`.
    package let members: [BatchMember]
    /// State of the batch. A batch is complete if one output is; it fails only if none is.
    package let state: BatchState
    /// What failed, in one sentence; nil if nothing did.
    package let error: String?
    private let result: BatchResult?

    /// Derives the status.
    /// - Parameter result: The batch's end; nil while it runs.
    package init(_ record: BatchRecord, members: [BatchMember], result: BatchResult?) {
        self.record = record
        self.members = members
        self.result = result
        let derived = Self.derivedState(members)
        state = result?.state ?? derived
        error = result?.error ?? Self.sentence(about: members, of: record)
    }

    /// The end to write once every export has ended; nil while one runs.
    package func end(at now: UnixTime) -> BatchResult? {
        guard result == nil, state.isTerminal else { return nil }
        return BatchResult(
            state: state, finishedAt: now, completeCount: completeCount, error: error)
    }

    /// The end of a batch that did not finish before its results expire; nil before that.
    package func expiry(at now: UnixTime) -> BatchResult? {
        guard result == nil, now >= record.expiresAt else { return nil }
        return BatchResult(
            state: .cancelled, finishedAt: now, completeCount: completeCount,
            error: "The batch did not finish within 24 hours.")
    }

    /// Time of the end; nil while the batch runs.
    package var finishedAt: UnixTime? {
        guard state.isTerminal else { return nil }
        return result?.finishedAt ?? members.compactMap(\.finishedAt).max()
    }

    /// Number of outputs that are complete.
    package var completeCount: Int { members.count { $0.state == .completed } }

    /// Progress of the whole batch.
    package struct Progress: Hashable, Sendable {
        /// Name of the first file that is not finished; the last one at the end.
        package var file: String
        /// Number of its variation that is being made, from 1.
        package var variation: Int
        /// 0 to 100; never decreases.
        package var percent: Int
    }

    /// `completed * 100 + percent of the current output`, over all outputs. A failed output
    /// counts as completed; a cancelled one counts what was rendered.
    package var progress: Progress {
        let isDone = members.map { $0.state == .completed || $0.state == .failed }
        let current = isDone.firstIndex(of: false)
        let done = isDone.count { $0 } * 100
        let share = done + (current.map { min(100, max(0, members[$0].percent)) } ?? 0)
        let output = record.outputs[current ?? members.count - 1]
        return Progress(
            file: record.files[output.file].name, variation: output.variation,
            percent: state == .complete ? 100 : share / max(1, members.count))
    }

    private static func derivedState(_ members: [BatchMember]) -> BatchState {
        guard members.allSatisfy(\.state.isTerminal) else {
            return members.allSatisfy { $0.state == .queued } ? .queued : .processing
        }
        if members.contains(where: { $0.state == .completed }) { return .complete }
        return members.contains { $0.state == .failed } ? .failed : .cancelled
    }

    /// Counts the failed outputs and quotes the first error.
    private static func sentence(
        about members: [BatchMember], of record: BatchRecord
    ) -> String? {
        let failed = members.indices.filter { members[$0].state == .failed }
        guard let first = failed.first else { return nil }
        let reason = members[first].error ?? "The export failed."
        return "\(failed.count) of \(members.count) outputs failed. "
            + "\(record.outputs[first].name): \(reason)"
    }
}
