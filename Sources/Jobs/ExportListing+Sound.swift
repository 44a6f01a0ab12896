package import MediaTime
package import RenderPlans

/// The sound of an export as its listing shows it: a whole, or pieces.
extension ExportListing {
    /// Units of sound that were asked for, or are there without.
    private var knownSound: Set<RenderUnit> {
        awaited.union(requests.keys).union(receipts).filter(\.isSound)
    }

    /// Whether the export has sound, as far as requests tell.
    package var hasSound: Bool { !knownSound.isEmpty }

    /// The finest pieces that were asked for, in time order; empty where the sound
    /// is a whole.
    package var soundPieces: [FrameRange] { Tiling.finest(knownSound.compactMap(\.soundFrames)) }

    /// Whether a receipt holds all of a piece.
    package func isSoundDone(_ piece: FrameRange) -> Bool {
        isHeld(piece, by: \.soundFrames)
    }

    /// The receipts that make up the sound of a plan, in time order; nil while one
    /// is missing.
    package func finishedSound(of plan: RenderPlan) -> [RenderUnit]? {
        guard plan.output.format.hasSound else { return [] }
        guard let pieces = plan.soundPieces, let first = pieces.first, let last = pieces.last
        else { return receipts.contains(.audio) ? [.audio] : nil }
        let ranges = Tiling.cover(
            FrameRange(first.start, last.end), with: receipts.compactMap(\.soundFrames))
        return ranges?.map(RenderUnit.sound)
    }

    /// Whether receipts hold all sound that was asked for.
    package var isSoundDone: Bool {
        let pieces = soundPieces
        return receipts.contains(.audio) || !pieces.isEmpty && pieces.allSatisfy(isSoundDone)
    }

    /// Share of the sound that is done, 0 to 1; 0 where there is none.
    /// - Parameter frameCount: Length of the film, in which the progress of a sound
    ///   that is a whole is counted.
    package func soundDone(frameCount: Int) -> Rational {
        guard !isSoundDone else { return Rational(1) }
        let pieces = soundPieces
        guard !pieces.isEmpty else {
            return Rational(min(progress[.audio]?.frames ?? 0, frameCount), max(1, frameCount))
        }
        let whole = pieces.reduce(0) { $0 + $1.count }
        let done = pieces.reduce(0) { sum, piece in
            sum + (isSoundDone(piece) ? piece.count : framesWritten(in: piece, by: \.soundFrames))
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
    package var soundFrames: FrameRange? {
        if case .sound(let frames) = self { frames } else { nil }
    }
}
