package import MediaTime

/// Progress of an export in percent. Never decreases while its inputs do not.
package enum ExportProgress: Hashable, Sendable {
    /// No renderer has begun; the sources are fetched first.
    case accepted
    /// The plan is being rendered.
    case rendering(work: Work)
    /// Every unit is finished; the output is joined, verified and uploaded.
    case stitching
    /// The output is stored; its result and URL are next.
    case finishing
    case completed

    /// The finished work.
    package struct Work: Hashable, Sendable {
        /// Frames of all chunks that are done.
        package let framesDone: Int
        /// Frames of all chunks.
        package let frameCount: Int
        /// Nil if the export has no audio.
        private let audioDone: Rational?

        /// - Parameters:
        ///   - chunks: Frames done outside `0...count` are clamped: the count comes from objects
        ///     that a dying renderer may have left.
        ///   - audioDone: Finished share of the audio, 0 to 1.
        package init(chunks: [(frames: FrameRange, framesDone: Int)], audioDone: Rational?) {
            framesDone = chunks.reduce(0) {
                $0 + min(max(0, $1.framesDone), $1.frames.count)
            }
            frameCount = chunks.reduce(0) { $0 + $1.frames.count }
            self.audioDone = audioDone
        }

        /// Share of the work, 0 to 1. The audio counts as one twentieth of the video, which is
        /// about its cost.
        package var fraction: Rational {
            let picture =
                frameCount == 0 ? Rational(1) : Rational(framesDone, frameCount)
            guard let audioDone else { return picture }
            guard frameCount > 0 else { return audioDone }
            return picture * Rational(19, 20) + audioDone * Rational(1, 20)
        }
    }

    /// 0 to 100: 10 accepted, 20 to 80 while rendering, 85 while the output is stored, 95 until
    /// its result, 100 completed. Rounded down, so that 80 means that everything is rendered.
    package var percent: Int {
        switch self {
        case .accepted: 10
        case .rendering(let work): 20 + (Rational(60) * work.fraction).floor
        case .stitching: 85
        case .finishing: 95
        case .completed: 100
        }
    }
}
