package import MediaTime

/// The internal state of an export; front ends may use other names.
package enum ExportState: String, Hashable, Sendable, Codable {
    case queued, rendering, stitching, completed, failed, cancelled, expired

    /// The state that a result stands for.
    package init(_ outcome: ExportResult.Outcome) {
        switch outcome {
        case .completed: self = .completed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }

    /// Whether the export has ended.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled, .expired: true
        case .queued, .rendering, .stitching: false
        }
    }
}

/// Which names a front end reads (requirements A1).
package enum StatusDialect: String, Hashable, Sendable, Codable {
    case spool, clipforge, opencut

    /// The state in this front end's word.
    package func name(of state: ExportState) -> String {
        switch (self, state) {
        case (.spool, _): state.rawValue
        case (_, .queued): "pending"
        case (_, .rendering), (_, .stitching): "processing"
        case (_, .completed): "completed"
        case (_, .failed), (_, .cancelled), (_, .expired): "failed"
        }
    }
}

/// What is known of an export, derived from the objects that exist.
package struct ExportStatus: Hashable, Sendable {
    package struct Chunk: Hashable, Sendable {
        package enum State: String, Sendable { case queued, rendering, done }
        package var frames: FrameRange
        package var framesDone: Int
        package var state: State
        package var failedAttempts: Int
    }

    package var state: ExportState
    package var framesDone: Int
    package var frameCount: Int
    package var chunks: [Chunk]
    /// Whether the export has sound to render.
    package var hasAudio: Bool
    package var isAudioDone: Bool
    /// Share of the sound that is done, 0 to 1.
    package var audioDone: Rational
    package var result: ExportResult?

    /// Derives the status. A pure function of its arguments.
    /// - Parameters:
    ///   - result: The content of `result.json` when it is listed.
    ///   - soundFrames: Length of an export of sound alone, in frames; its listing
    ///     does not tell.
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
        // A cancel marker alone is a wish: a stitch may still win.
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

    /// How far it is, in the steps that ClipForge's clients know (CF-48).
    package var progress: ExportProgress {
        switch state {
        case .failed where isEverythingRendered, .cancelled where isEverythingRendered:
            .stitching
        case .queued, .rendering, .failed, .cancelled, .expired:
            .rendering(
                work: .init(
                    chunks: chunks.map { ($0.frames, $0.framesDone) },
                    audioDone: hasAudio ? audioDone : nil))
        case .stitching: .stitching
        case .completed: .completed
        }
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
