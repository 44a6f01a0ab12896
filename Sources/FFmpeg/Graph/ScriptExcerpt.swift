import Captions
import MediaTime
import RenderPlans

/// The part of a text that one chunk draws, without absolute times.
struct ScriptExcerpt: Hashable {
    /// Index of the layer in the plan; the text is drawn over that layer's pictures.
    var layer: Int
    var drawn: DrawnScript

    /// All texts of a chunk, from the bottom layer up.
    static func pieces(of frames: FrameRange, in plan: RenderPlan) -> [ScriptExcerpt] {
        plan.layers.enumerated().flatMap { layer, content in
            content.scripts.compactMap { placement -> ScriptExcerpt? in
                guard placement.frames.intersection(frames) != nil else { return nil }
                let start = placement.frames.start
                let window = FrameRange(frames.start - start, frames.end - start)
                return placement.script(plan.output, window: window).drawn(window)
                    .map { ScriptExcerpt(layer: layer, drawn: $0) }
            }
        }
    }

    /// Filters that draw the script over frames numbered from 0.
    ///
    /// Inside, a frame lasts a quarter of a second (`ScriptClock`), so that the times of
    /// events, which ASS writes in hundredths of a second, are those of frames at any rate.
    /// `ass` assumes BT.601 before FFmpeg 7 and follows the declared matrix later, so BT.601
    /// is declared; the script's colours are converted for it.
    func filters(path: String, timeBase: Rational) -> [String] {
        [
            "setparams=colorspace=smpte170m", "settb=1/\(ScriptClock.framesPerSecond)",
            "setpts=N+\(drawn.firstFrame)", "ass=filename=\(FilterText.escaped(path))",
            "settb=\(timeBase)", "setpts=N", "setparams=colorspace=bt709",
        ]
    }
}

/// Escaping of values in the text of a filter graph.
enum FilterText {
    /// The value, escaped for both levels of FFmpeg's syntax (ffmpeg-filters, "Notes on
    /// filtergraph escaping").
    static func escaped(_ value: String) -> String {
        escape(escape(value, "\\':"), "\\'[],;")
    }

    private static func escape(_ text: String, _ marks: String) -> String {
        var result = ""
        for character in text {
            if marks.contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
