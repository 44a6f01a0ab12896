import Captions
import EditFormats
import JSON
import MediaTime
import RenderPlans

extension RenderPlan.Layer {
    /// The layer without its pictures and titles; nil if it has no captions.
    var captionsAlone: RenderPlan.Layer? {
        let captions = scripts.filter { script in
            if case .captions = script.content { true } else { false }
        }
        return captions.isEmpty ? nil : RenderPlan.Layer(placements: [], scripts: captions)
    }
}

extension CaptionCue {
    /// The number of letters and spaces.
    fileprivate var characterCount: Int { words.reduce(0) { $0 + $1.text.count + 1 } }
}

/// Lowers texts and captions of placed clips to pixels and frames of the output.
extension EditLowering {
    mutating func scripts(_ placed: PlacedClip) -> [RenderPlan.ScriptPlacement] {
        let look = placed.clip.look
        let content: RenderPlan.ScriptPlacement.Content
        var fades = (in: 0, out: 0)
        switch placed.content {
        case .text(let text):
            guard onlyFades(placed, "a text") else { return [] }
            let title = TextTitle(text, look: look, output: settings)
            let place = placed.clip.pointer.appending("asset").appending("text")
            guard fits(title.text.count, title.fontSize, title.outlineWidth, at: place) else {
                return []
            }
            content = .title(title)
            fades = lengths(placed, room: placed.frames.count, perSecond: settings.frameRate)
        case .captions(let captions, let track):
            guard look.transitionIn == nil, look.transitionOut == nil else {
                reader.report(
                    "is not supported for captions: they appear with their words",
                    at: placed.clip.pointer.appending("transition"))
                return []
            }
            let style = CaptionStyle(captions, look: look, output: settings)
            let place = placed.clip.pointer.appending("asset").appending("style")
            let maximum = track.paged(style.paging).cues.map(\.characterCount).max() ?? 0
            guard fits(maximum, style.fontSize, style.outlineWidth, at: place) else { return [] }
            content = .captions(track, style)
        case .media, .multicam, .color: return []
        }
        let frames = FrameRange(placed.frames.start - origin, placed.frames.end - origin)
        return [
            RenderPlan.ScriptPlacement(
                content: content, frames: frames, opacity: look.opacity,
                rotation: look.rotation, fadeInFrames: fades.in, fadeOutFrames: fades.out)
        ]
    }

    /// True if libass can draw that many letters in reasonable time and memory; reports it
    /// otherwise.
    private mutating func fits(
        _ count: Int, _ size: Int, _ outline: Int, at place: JSONPointer
    ) -> Bool {
        let side = size + 2 * outline
        // A letter is about half as wide as it is high.
        let room = max(settings.width * settings.height, 100_000)
        guard count * side * side / 2 > CaptionLimits.glyphFrameCountMax * room else {
            return true
        }
        reader.report(
            "draws \(count) letters of \(size) pixels at once; their area is more than"
                + " \(CaptionLimits.glyphFrameCountMax) times the picture",
            at: place)
        return false
    }

    /// Checks the number of words in all captions and sets the requested caption files.
    mutating func setCaptionFiles(_ plan: inout RenderPlan) {
        let tracks = plan.layers.flatMap(\.scripts).compactMap { placement -> CaptionTrack? in
            guard case .captions(let track, _) = placement.content else { return nil }
            return track
        }
        let words = tracks.reduce(0) { $0 + $1.words.count }
        if words > CaptionLimits.editWordCountMax {
            reader.report(
                "has \(words) words of captions; at most \(CaptionLimits.editWordCountMax) are"
                    + " allowed",
                at: JSONPointer.root.appending("timeline"))
        }
        guard let wanted = edit.output.captions else { return }
        if tracks.isEmpty {
            reader.report("requires a caption clip", at: wanted.pointer)
        }
        plan.captionFiles = wanted.value
    }

    private mutating func onlyFades(_ placed: PlacedClip, _ phrase: String) -> Bool {
        let place = placed.clip.pointer.appending("transition")
        guard placed.mixIn == 0, placed.mixOut == 0 else {
            reader.report("cannot mix \(phrase) with another clip", at: place)
            return false
        }
        let look = placed.clip.look
        for (kind, name) in [(look.transitionIn, "in"), (look.transitionOut, "out")] {
            guard let kind, kind != .fade else { continue }
            reader.report(
                "must be fade for \(phrase), not \(JSONReader.quoted(kind.rawValue))",
                at: place.appending(name))
            return false
        }
        return true
    }
}
