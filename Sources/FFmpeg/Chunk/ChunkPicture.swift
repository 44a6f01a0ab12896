import MediaTime
import RenderPlans

/// What one chunk shows: its pieces, and in what way they are drawn when.
///
/// Told without any absolute time of the timeline: chunks with equal values
/// have equal frames.
struct ChunkPicture: Hashable {
    var pieces: [PlacedFrames] = []
    /// Bottom layer first, each layer in time order.
    var segments: [Segment] = []

    /// A stretch of one layer that is drawn in one way.
    struct Segment: Hashable {
        /// True in the lowest layer, where opaque pictures need no canvas.
        var isBottom: Bool
        /// Index of the layer in the plan.
        var layer: Int
        /// First frame inside the chunk.
        var offset: Int
        var count: Int
        var drawing: Drawing
    }

    enum Drawing: Hashable {
        case plain(Part)
        /// One picture gives way to another, or comes from or goes to nothing.
        case mix(from: Part?, to: Part?, Mix)
    }

    /// Some frames of a piece.
    struct Part: Hashable {
        /// Index into `pieces`.
        var piece: Int
        /// First frame inside the piece.
        var first: Int
    }

    /// How far a transition has come.
    struct Mix: Hashable {
        var kind: RenderPlan.TransitionKind
        /// Of the whole transition, in frames.
        var length: Int
        /// First frame of it that the segment shows.
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

    /// Whether the segment alone decides every pixel of its frames.
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

    /// The fades from and to what lies below that reach into some frames.
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

    /// In frames of the clip.
    struct Fade: Hashable {
        var isIn: Bool
        var start: Int
        var frames: Int
    }

    /// The parts that are drawn of each piece, in time order.
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
    /// A fade over what lies below is done by alpha alone.
    fileprivate var fadeIn: RenderPlan.Transition? {
        transitionIn.flatMap { $0.kind == .fade && !$0.isMix ? $0 : nil }
    }

    fileprivate var fadeOut: RenderPlan.Transition? {
        transitionOut.flatMap { $0.kind == .fade ? $0 : nil }
    }

    /// The transitions that are drawn by mixing.
    fileprivate var drawnIn: RenderPlan.Transition? { fadeIn == nil ? transitionIn : nil }
    fileprivate var drawnOut: RenderPlan.Transition? { fadeOut == nil ? transitionOut : nil }
}
