package import MediaTime
package import RenderPlans

/// Audio of an export in its listing: one unit, or pieces.
extension ExportListing {
    /// Audio units that are requested, awaited or finished.
    private var knownAudioUnits: Set<RenderUnit> {
        awaited.union(requests.keys).union(receipts).filter(\.isAudio)
    }

    /// True if the listing has an audio unit.
    package var hasAudio: Bool {
        !knownAudioUnits.isEmpty || planned.contains(where: \.isAudio)
    }

    /// The finest pieces, in time order, with one range for each gap that later waves will
    /// request; empty if the audio is one unit.
    package var audioPieces: [AudioFrameRange] {
        Tiling.filled(requestedAudioPieces, upTo: planned.compactMap(\.audioFrames))
    }

    /// The finest requested pieces, in time order; empty if the audio is one unit.
    package var requestedAudioPieces: [AudioFrameRange] {
        Tiling.finest(knownAudioUnits.compactMap(\.audioFrames))
    }

    /// True if one receipt covers the piece.
    package func isAudioDone(_ piece: AudioFrameRange) -> Bool {
        isHeld(piece, by: \.audioFrames)
    }

    /// The receipts that make up a plan's audio, in time order; nil while one is missing.
    package func finishedAudio(of plan: RenderPlan) -> [RenderUnit]? {
        guard plan.output.hasAudio else { return [] }
        guard let pieces = plan.audioPieces, let first = pieces.first, let last = pieces.last
        else { return receipts.contains(.audio) ? [.audio] : nil }
        let ranges = Tiling.cover(
            AudioFrameRange(first.start, last.end), with: receipts.compactMap(\.audioFrames))
        return ranges?.map(RenderUnit.audioPiece)
    }

    /// True if receipts cover all requested audio.
    package var isAudioDone: Bool {
        let pieces = audioPieces
        return receipts.contains(.audio) || !pieces.isEmpty && pieces.allSatisfy(isAudioDone)
    }

    /// Finished share of the audio, 0 to 1; 0 without audio.
    /// - Parameter frameCount: Length of the export in frames, the unit of progress if the audio
    ///   is one unit.
    package func audioDone(frameCount: Int) -> Rational {
        guard !isAudioDone else { return Rational(1) }
        let pieces = audioPieces
        guard !pieces.isEmpty else {
            return Rational(min(progress[.audio]?.frames ?? 0, frameCount), max(1, frameCount))
        }
        let whole = pieces.reduce(0) { $0 + $1.count }
        let done = pieces.reduce(0) { sum, piece in
            sum + (isAudioDone(piece) ? piece.count : framesWritten(in: piece, by: \.audioFrames))
        }
        return Rational(done, whole)
    }
}

extension RenderUnit {
    /// Video frames of a chunk; nil for audio.
    package var frames: FrameRange? {
        if case .video(let frames) = self { frames } else { nil }
    }

    /// Audio frames of a piece; nil for any other unit.
    package var audioFrames: AudioFrameRange? {
        if case .audioPiece(let frames) = self { frames } else { nil }
    }
}
