import Captions
import MediaTime
import RenderPlans

/// The part of a text that one chunk draws, told without any absolute time.
struct ScriptExcerpt: Hashable {
    /// Index of the layer in the plan; it is drawn over that layer's pictures.
    var layer: Int
    var drawn: DrawnScript

    /// All texts of a chunk, bottom layer first.
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

    /// Draws the script over frames that are numbered from 0, and numbers
    /// them so again.
    ///
    /// Inside, a frame is a quarter of a second (`ScriptClock`), so that the
    /// edges of events, which ASS writes in hundredths of a second, fall on
    /// frames at any rate. The filter takes the picture for BT.601, whatever
    /// it is told (FFmpeg before 7) or as it is told (later); the script's
    /// colours are made for that.
    func filters(path: String, timeBase: Rational) -> [String] {
        [
            "setparams=colorspace=smpte170m", "settb=1/\(ScriptClock.framesPerSecond)",
            "setpts=N+\(drawn.firstFrame)", "ass=filename=\(FilterText.escaped(path))",
            "settb=\(timeBase)", "setpts=N", "setparams=colorspace=bt709",
        ]
    }
}

/// Values inside a filter graph's text.
enum FilterText {
    /// The value with the marks of both levels of FFmpeg's syntax escaped
    /// (ffmpeg-filters, "Notes on filtergraph escaping").
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
