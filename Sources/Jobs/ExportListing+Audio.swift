package import MediaTime
package import RenderPlans

/// The sound of an export as its listing shows it: a whole, or pieces.
extension ExportListing {
    /// Units of sound that were asked for, or are there without.
    private var knownAudioUnits: Set<RenderUnit> {
        awaited.union(requests.keys).union(receipts).filter(\.isAudio)
    }

    /// Whether the export has sound, as far as requests tell.
    package var hasAudio: Bool { !knownAudioUnits.isEmpty }

    /// The finest pieces that were asked for, in time order; empty where the sound
    /// is a whole.
    package var audioPieces: [AudioFrameRange] {
        Tiling.finest(knownAudioUnits.compactMap(\.audioFrames))
    }

    /// Whether a receipt holds all of a piece.
    package func isAudioDone(_ piece: AudioFrameRange) -> Bool {
        isHeld(piece, by: \.audioFrames)
    }

    /// The receipts that make up the sound of a plan, in time order; nil while one
    /// is missing.
    package func finishedAudio(of plan: RenderPlan) -> [RenderUnit]? {
        guard plan.output.format.hasAudio else { return [] }
        guard let pieces = plan.audioPieces, let first = pieces.first, let last = pieces.last
        else { return receipts.contains(.audio) ? [.audio] : nil }
        let ranges = Tiling.cover(
            AudioFrameRange(first.start, last.end), with: receipts.compactMap(\.audioFrames))
        return ranges?.map(RenderUnit.audioPiece)
    }

    /// Whether receipts hold all sound that was asked for.
    package var isAudioDone: Bool {
        let pieces = audioPieces
        return receipts.contains(.audio) || !pieces.isEmpty && pieces.allSatisfy(isAudioDone)
    }

    /// Share of the sound that is done, 0 to 1; 0 where there is none.
    /// - Parameter frameCount: Length of the film, in which the progress of a sound
    ///   that is a whole is counted.
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
    /// Frames of the picture.
    package var frames: FrameRange? {
        if case .video(let frames) = self { frames } else { nil }
    }

    /// AAC frames of a piece of the sound.
    package var audioFrames: AudioFrameRange? {
        if case .audioPiece(let frames) = self { frames } else { nil }
    }
}
