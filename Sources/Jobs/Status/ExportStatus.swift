package import MediaTime

/// Internal state of an export; clients may see other names.
package enum ExportState: String, Hashable, Sendable, Codable {
    case queued, rendering, stitching, completed, failed, cancelled, expired

    /// The state of an export that has this outcome.
    package init(_ outcome: ExportResult.Outcome) {
        switch outcome {
        case .completed: self = .completed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }

    /// True if the export has ended.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled, .expired: true
        case .queued, .rendering, .stitching: false
        }
    }
}

/// The state names that a client reads.
package enum StatusDialect: String, Hashable, Sendable, Codable {
    case spool, clipforge, opencut, refresher

    /// Name of the state in this dialect.
    package func name(of state: ExportState) -> String {
        switch (self, state) {
        case (.spool, _): state.rawValue
        case (.refresher, .queued): "queued"
        case (.refresher, .completed): "complete"
        case (.refresher, .cancelled): "cancelled"
        case (_, .queued): "pending"
        case (_, .rendering), (_, .stitching): "processing"
        case (_, .completed): "completed"
        case (_, .failed), (_, .cancelled), (_, .expired): "failed"
        }
    }
}

extension ExportState {
    /// The word of ClipForge's job queue: `waiting`, `active`, `completed` or `failed`.
    package var queueWord: String {
        switch self {
        case .queued: "waiting"
        case .rendering, .stitching: "active"
        case .completed: "completed"
        case .failed, .cancelled, .expired: "failed"
        }
    }
}

/// Status of an export, derived from the objects that exist.
package struct ExportStatus: Hashable, Sendable {
    /// Status of one chunk.
    package struct Chunk: Hashable, Sendable {
        /// `done` as soon as a receipt covers the chunk.
        package enum State: String, Sendable { case queued, rendering, done }
        /// Frames of the chunk.
        package var frames: FrameRange
        /// Number of its frames that are done.
        package var framesDone: Int
        /// State of the chunk.
        package var state: State
        /// Number of failure records.
        package var failedAttempts: Int
    }

    /// State of the export.
    package var state: ExportState
    /// Number of frames done.
    package var framesDone: Int
    /// Number of frames of all chunks.
    package var frameCount: Int
    /// The chunks in time order.
    package var chunks: [Chunk]
    /// True if the export has audio to render.
    package var hasAudio: Bool
    /// True if all audio is rendered.
    package var isAudioDone: Bool
    /// Finished share of the audio, 0 to 1.
    package var audioDone: Rational
    /// Content of `result.json`; nil while the export runs.
    package var result: ExportResult?
    /// True once the output is stored.
    package var hasOutput: Bool

    /// Derives the status. A pure function of its arguments.
    /// - Parameters:
    ///   - result: The content of `result.json` if it is listed.
    ///   - audioOnlyFrameCount: Length of an audio-only export in frames, which its listing does
    ///     not contain.
    package init(_ listing: ExportListing, result: ExportResult?, audioOnlyFrameCount: Int? = nil) {
        let total = listing.frames?.count ?? 0
        hasAudio = listing.hasAudio
        let isAudioDone = hasAudio ? listing.isAudioDone : total > 0
        chunks = listing.chunks.map { Self.chunk($0, in: listing) }
        let isVideoDone =
            listing.frames.map { listing.finishedChunks(of: $0) != nil } ?? hasAudio
        framesDone = isVideoDone ? total : chunks.reduce(0) { $0 + $1.framesDone }
        frameCount = total
        self.isAudioDone = isAudioDone
        audioDone =
            isAudioDone ? Rational(1) : listing.audioDone(frameCount: audioOnlyFrameCount ?? total)
        self.result = result
        hasOutput = listing.hasOutput
        // A cancel marker alone is a request: the stitch may finish first.
        if let result {
            state = ExportState(result.outcome)
        } else if isVideoDone && isAudioDone {
            state = .stitching
        } else if listing.receipts.isEmpty && listing.progress.isEmpty {
            state = .queued
        } else {
            state = .rendering
        }
    }

    /// Progress in percent and step.
    package var progress: ExportProgress {
        switch state {
        case .failed where isEverythingRendered, .cancelled where isEverythingRendered:
            // The output may have been stored and deleted again.
            .finishing
        case .queued: .accepted
        case .rendering, .failed, .cancelled, .expired: .rendering(work: work)
        case .stitching: hasOutput ? .finishing : .stitching
        case .completed: .completed
        }
    }

    /// The rendered share of the export.
    package var work: ExportProgress.Work {
        .init(
            chunks: chunks.map { ($0.frames, $0.framesDone) },
            audioDone: hasAudio ? audioDone : nil)
    }

    private var isEverythingRendered: Bool {
        isAudioDone && framesDone == frameCount
            && chunks.allSatisfy { $0.state == .done }
    }

    private static func chunk(_ range: FrameRange, in listing: ExportListing) -> Chunk {
        let unit = RenderUnit.video(range)
        let done = listing.framesDone(in: range)
        let state: Chunk.State =
            listing.isDone(range)
            ? .done : listing.progress[unit] == nil ? .queued : .rendering
        return Chunk(
            frames: range, framesDone: done, state: state,
            failedAttempts: listing.failures[unit] ?? 0)
    }
}
