package import MediaTime

/// How far an export is, in the percentages that ClipForge's clients know
/// (CF-48). Never goes back while its inputs do not.
package enum ExportProgress: Hashable, Sendable {
    /// Chunks are waiting or being rendered.
    case rendering(work: Work)
    /// Every chunk is there; they are joined, checked and uploaded.
    case stitching
    case completed

    /// What has been rendered.
    package struct Work: Hashable, Sendable {
        /// Frames of all chunks that are done.
        package let framesDone: Int
        /// Frames of all chunks.
        package let frameCount: Int
        /// Nil where the export has no sound to render.
        private let audioDone: Rational?

        /// - Parameters:
        ///   - chunks: Frames done outside `0...count` are clamped: the count
        ///     comes from objects that a dying renderer may have left.
        ///   - soundDone: Share of the sound, 0 to 1.
        package init(chunks: [(frames: FrameRange, framesDone: Int)], audioDone: Rational?) {
            framesDone = chunks.reduce(0) {
                $0 + min(max(0, $1.framesDone), $1.frames.count)
            }
            frameCount = chunks.reduce(0) { $0 + $1.frames.count }
            self.audioDone = audioDone
        }

        /// Share of the work, 0 to 1. The sound is one job that costs about as
        /// much as a twentieth of the picture.
        package var fraction: Rational {
            let picture =
                frameCount == 0 ? Rational(1) : Rational(framesDone, frameCount)
            guard let audioDone else { return picture }
            guard frameCount > 0 else { return audioDone }
            return picture * Rational(19, 20) + audioDone * Rational(1, 20)
        }
    }

    /// 0 to 100: 20 to 80 while rendering, 85 while stitching, 100 completed. Rounded
    /// down, so that 80 means that everything is rendered.
    package var percent: Int {
        switch self {
        case .rendering(let work): 20 + (Rational(60) * work.fraction).floor
        case .stitching: 85
        case .completed: 100
        }
    }
}
