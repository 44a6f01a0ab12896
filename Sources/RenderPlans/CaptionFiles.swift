package import Captions
import MediaTime

extension RenderPlan {
    /// The words of the export's captions on the timeline of the output: cues as they came in,
    /// and pages of lists of words, of all caption clips.
    package var captionTrack: CaptionTrack {
        var cues: [CaptionCue] = []
        for case (let track, let style, let frames) in captionClips {
            let start = milliseconds(frames.start)
            let length = milliseconds(frames.end) - start
            let pages = track.written(style.paging).placed(at: 0, length: length)
            let shown = start < 0 ? pages.trimmed(from: -start) : pages
            cues +=
                shown.placed(
                    at: max(0, start), length: milliseconds(frameCount) - max(0, start)
                ).cues
        }
        return CaptionTrack(cues: cues)
    }

    /// The export's captions as a file of the given format; nil for a format that is only
    /// read.
    package func captionFile(_ format: CaptionFormat) -> String? {
        switch format {
        case .srt: return captionTrack.subRip()
        case .vtt: return captionTrack.webVTT()
        case .ass:
            var script = Script(width: output.width, height: output.height)
            for (index, placement) in layers.flatMap(\.scripts).enumerated() {
                guard case .captions = placement.content else { continue }
                script.append(
                    placement.script(output), at: placement.frames.start, suffix: "\(index)",
                    count: frameCount)
            }
            return script.file(frameRate: output.frameRate)
        case .json: return nil
        }
    }

    private var captionClips: [(CaptionTrack, CaptionStyle, FrameRange)] {
        layers.flatMap(\.scripts).compactMap { placement in
            guard case .captions(let track, let style) = placement.content else { return nil }
            return (track, style, placement.frames)
        }
    }

    private func milliseconds(_ frames: Int) -> Int {
        (Rational(frames) / output.frameRate * Rational(1_000)).rounded
    }
}
