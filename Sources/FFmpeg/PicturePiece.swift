import Editing

/// The part of a placement that one chunk shows, told without any absolute
/// time of the timeline: two pieces with equal values are equal pictures.
struct PicturePiece: Hashable {
    /// Index into the plan's sources.
    var source: Int
    var placement: RenderPlan.Placement
    var layer: Int
    /// First frame inside the chunk.
    var offset: Int
    /// First frame inside the placement.
    var first: Int
    var count: Int
    var geometry: Geometry
    /// The source's frames are laid on a grid of the output rate that begins
    /// `gridRemainder` seconds after the start of the file, so a head trimmed
    /// by whole frames leaves the same grid and the same frames.
    var gridRemainder: Rational
    /// First frame on that grid.
    var gridFirst: Int
    var isStill: Bool
    var hasAlpha: Bool

    var fadesIn: Bool { first < placement.fadeInFrames }
    var fadesOut: Bool { first + count > placement.frames.count - placement.fadeOutFrames }

    /// True where the piece alone decides every pixel of the output.
    func isOpaque(in output: RenderPlan.OutputSettings) -> Bool {
        !hasAlpha && !fadesIn && !fadesOut && placement.opacity == Rational(1)
            && geometry.x == 0 && geometry.y == 0
            && geometry.width == output.width && geometry.height == output.height
    }

    /// All pieces of a chunk, bottom layer first, each layer in time order.
    static func pieces(of frames: FrameRange, in plan: RenderPlan) -> [PicturePiece] {
        plan.layers.enumerated().flatMap { layer, content in
            content.placements.compactMap { placement in
                piece(placement, layer: layer, of: frames, in: plan)
            }
        }
    }

    private static func piece(
        _ placement: RenderPlan.Placement, layer: Int, of frames: FrameRange, in plan: RenderPlan
    ) -> PicturePiece? {
        let media = plan.sources[placement.source].media
        guard let shown = placement.frames.intersection(frames), let video = media.video,
            placement.opacity > .zero
        else { return nil }
        let isStill = media.kind == .image
        let first = shown.start - placement.frames.start
        let start = isStill ? .zero : placement.sourceStart
        let whole = (start * plan.output.frameRate).floor
        return PicturePiece(
            source: placement.source, placement: placement, layer: layer,
            offset: shown.start - frames.start, first: first, count: shown.count,
            geometry: Geometry(fitting: video.displaySize, placement.fit, into: placement.box),
            gridRemainder: start - Rational(whole) / plan.output.frameRate,
            gridFirst: whole + first, isStill: isStill,
            hasAlpha: PixelFormat.hasAlpha(video.pixelFormat))
    }
}

/// What must be known about a pixel format's name.
enum PixelFormat {
    static func hasAlpha(_ name: String) -> Bool {
        ["yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya8", "ya16", "pal8"]
            .contains { name.hasPrefix($0) }
    }

    static func isRGB(_ name: String) -> Bool {
        ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "mono"]
            .contains { name.hasPrefix($0) }
    }
}
