import MediaTime
import RenderPlans

/// The pieces that one chunk shows, and when and how they are drawn.
///
/// It has no absolute time of the timeline: chunks with equal values have equal frames.
struct ChunkPicture: Hashable {
    var pieces: [PlacedFrames] = []
    /// Segments from the bottom layer up, each layer in time order.
    var segments: [Segment] = []

    /// Consecutive frames of one layer that are drawn in the same way.
    struct Segment: Hashable {
        /// True in the bottom layer, where opaque pieces need no canvas.
        var isBottom: Bool
        /// Index of the layer in the plan.
        var layer: Int
        /// First frame inside the chunk.
        var offset: Int
        var count: Int
        var drawing: Drawing
    }

    /// The way in which a segment is drawn.
    enum Drawing: Hashable {
        /// One piece, perhaps with fades.
        case plain(Part)
        /// A transition from one piece to another; nil for transparency.
        case mix(from: Part?, to: Part?, Mix)
    }

    /// A part of a piece's frames.
    struct Part: Hashable {
        /// Index into `pieces`.
        var piece: Int
        /// First frame inside the piece.
        var first: Int
    }

    /// The part of a transition that a segment shows.
    struct Mix: Hashable {
        var kind: RenderPlan.TransitionKind
        /// Frames of the whole transition.
        var length: Int
        /// First frame of the transition that the segment shows.
        var first: Int
    }

    init(_ frames: FrameRange, of plan: RenderPlan) {
        for (index, layer) in plan.layers.enumerated() {
            add(layer.placements, index: index, frames, plan)
        }
    }

    private mutating func add(
        _ placements: [RenderPlan.Placement], index layer: Int, _ frames: FrameRange,
        _ plan: RenderPlan
    ) {
        var before: (placement: RenderPlan.Placement, piece: Int?)?
        for (index, placement) in placements.enumerated() {
            let piece = PlacedFrames(placement, of: frames, in: plan)
            let number = piece.map { _ in pieces.count }
            if let piece { pieces.append(piece) }
            let next = index + 1 < placements.count ? placements[index + 1] : nil
            let (start, end) = (placement.frames.start, placement.frames.end)
            let comes = placement.drawnIn
            let mixesOut = next?.transitionIn?.isMix ?? false
            let goes = mixesOut ? nil : placement.drawnOut
            let plainStart = start + (comes?.frames ?? 0)
            let plainEnd =
                mixesOut ? end - (next?.transitionIn?.frames ?? 0) : end - (goes?.frames ?? 0)

            func part(_ piece: Int?, _ owner: RenderPlan.Placement, at frame: Int) -> Part? {
                piece.map {
                    Part(piece: $0, first: frame - max(owner.frames.start, frames.start))
                }
            }
            if let comes, let shown = FrameRange(start, plainStart).intersection(frames) {
                let mix = Mix(
                    kind: comes.kind, length: comes.frames, first: shown.start - start)
                let from = comes.isMix ? before : nil
                append(
                    .mix(
                        from: from.flatMap { part($0.piece, $0.placement, at: shown.start) },
                        to: part(number, placement, at: shown.start), mix),
                    shown, layer, frames)
            }
            if plainStart < plainEnd,
                let shown = FrameRange(plainStart, plainEnd).intersection(frames),
                let part = part(number, placement, at: shown.start)
            {
                append(.plain(part), shown, layer, frames)
            }
            if let goes, let shown = FrameRange(plainEnd, end).intersection(frames) {
                let mix = Mix(
                    kind: goes.kind, length: goes.frames, first: shown.start - plainEnd)
                append(
                    .mix(from: part(number, placement, at: shown.start), to: nil, mix), shown,
                    layer, frames)
            }
            before = (placement, number)
        }
    }

    private mutating func append(
        _ drawing: Drawing, _ shown: FrameRange, _ layer: Int, _ frames: FrameRange
    ) {
        if case .mix(nil, nil, _) = drawing { return }
        segments.append(
            Segment(
                isBottom: layer == 0, layer: layer, offset: shown.start - frames.start,
                count: shown.count, drawing: drawing))
    }

    /// True if the segment alone decides every pixel of its frames.
    func isOpaque(_ segment: Segment, in output: RenderPlan.OutputSettings) -> Bool {
        switch segment.drawing {
        case .plain(let part):
            let piece = pieces[part.piece]
            return piece.isFull(in: output) && fades(of: part, count: segment.count).isEmpty
        case .mix(let from?, let to?, _):
            return pieces[from.piece].isFull(in: output) && pieces[to.piece].isFull(in: output)
        case .mix: return false
        }
    }

    /// The fades over the layers below that reach into `count` frames of a part.
    func fades(of part: Part, count: Int) -> [Fade] {
        let placement = pieces[part.piece].placement
        let first = pieces[part.piece].first + part.first
        let length = placement.frames.count
        var fades: [Fade] = []
        if let fade = placement.fadeIn, first < fade.frames {
            fades.append(Fade(isIn: true, start: 0, frames: fade.frames))
        }
        if let fade = placement.fadeOut, first + count > length - fade.frames {
            fades.append(Fade(isIn: false, start: length - fade.frames, frames: fade.frames))
        }
        return fades
    }

    /// A fade, in frames of the clip.
    struct Fade: Hashable {
        var isIn: Bool
        var start: Int
        var frames: Int
    }

    /// The drawn parts of each piece, in time order.
    var partsOfPieces: [[Part]] {
        var parts = [[Part]](repeating: [], count: pieces.count)
        for segment in segments {
            switch segment.drawing {
            case .plain(let part): parts[part.piece].append(part)
            case .mix(let from, let to, _):
                for part in [from, to].compactMap({ $0 }) { parts[part.piece].append(part) }
            }
        }
        return parts
    }
}

extension RenderPlan.Placement {
    /// The fade over the layers below, which only changes alpha.
    fileprivate var fadeIn: RenderPlan.Transition? {
        transitionIn.flatMap { $0.kind == .fade && !$0.isMix ? $0 : nil }
    }

    fileprivate var fadeOut: RenderPlan.Transition? {
        transitionOut.flatMap { $0.kind == .fade ? $0 : nil }
    }

    /// The transition that is drawn by mixing two pieces.
    fileprivate var drawnIn: RenderPlan.Transition? { fadeIn == nil ? transitionIn : nil }
    fileprivate var drawnOut: RenderPlan.Transition? { fadeOut == nil ? transitionOut : nil }
}
