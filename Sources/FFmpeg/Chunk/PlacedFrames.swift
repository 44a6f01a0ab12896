import MediaTime
package import RenderPlans

/// The part of a placement that one chunk shows.
///
/// It has no absolute time of the timeline: pieces with equal values have equal frames.
struct PlacedFrames: Hashable {
    var placement: RenderPlan.Placement
    /// First frame inside the placement.
    var first: Int
    var count: Int
    var geometry: Geometry
    /// With `blur`: geometry of the sharp picture inside `geometry`.
    var foreground: Geometry?
    /// The frames that are read from a source; nil for a colour.
    var reading: Reading?

    /// The range of a source that a piece shows.
    struct Reading: Hashable {
        /// Index into the plan's sources.
        var source: Int
        /// Start of the grid in seconds after the start of the file. The source's frames
        /// are mapped to a grid of the output rate; trimming whole frames of the head
        /// leaves the same grid, and so the same frames.
        var gridRemainder: Rational
        /// First frame on that grid.
        var gridFirst: Int
        var isStill: Bool
        var hasAlpha: Bool
        /// The part of a decoded frame that is kept; nil for all of it.
        var cut: Cut?
    }

    /// A rectangle of a decoded frame.
    struct Cut: Hashable {
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    var hasAlpha: Bool { reading?.hasAlpha ?? false }
    var isRotated: Bool { placement.rotation != .zero }

    /// True if the piece, apart from its fades, alone decides every pixel of the output.
    func isFull(in output: RenderPlan.OutputSettings) -> Bool {
        !hasAlpha && !isRotated && placement.opacity == Rational(1)
            && geometry.x == 0 && geometry.y == 0
            && geometry.width == output.width && geometry.height == output.height
    }

    /// The part of a placement within a chunk; nil if the chunk does not show it.
    init?(_ placement: RenderPlan.Placement, of frames: FrameRange, in plan: RenderPlan) {
        guard let shown = placement.frames.intersection(frames), placement.opacity > .zero
        else { return nil }
        self.placement = placement
        first = shown.start - placement.frames.start
        count = shown.count
        switch placement.picture {
        case .color:
            geometry = Geometry(
                fitting: (placement.box.width, placement.box.height), .cover, into: placement.box)
        case .source(let index):
            let media = plan.sources[index].media
            guard let video = media.video else { return nil }
            let cut = Cut(placement.crop, of: video)
            let size = video.displaySize(cut: cut)
            geometry = Geometry(
                fitting: size, placement.fit, into: placement.box, focus: placement.focus)
            if placement.fit == .blur {
                let inner = RenderPlan.Box(width: geometry.width, height: geometry.height)
                foreground = Geometry(fitting: size, .contain, into: inner)
            }
            let isStill = media.kind == .image
            let step = placement.speed / plan.output.frameRate
            let start = isStill ? .zero : placement.sourceStart
            let whole = (start / step).floor
            reading = Reading(
                source: index, gridRemainder: start - Rational(whole) * step,
                gridFirst: whole + first, isStill: isStill,
                hasAlpha: PixelFormat.hasAlpha(video.pixelFormat), cut: cut)
        }
    }
}

extension PlacedFrames.Cut {
    /// The part of a frame inside the insets; nil without insets.
    init?(_ insets: RenderPlan.Insets, of video: MediaInfo.Video) {
        guard insets != RenderPlan.Insets() else { return nil }
        let turned = video.rotationDegrees % 180 != 0
        let (wide, high) =
            turned ? (video.height, video.width) : (video.width, video.height)
        func kept(_ side: Int, _ before: Rational, _ after: Rational) -> (Int, Int) {
            let start = (Rational(side) * before).rounded & ~1
            let end = side - (Rational(side) * after).rounded
            return (start, max(2, (end - start) & ~1))
        }
        (x, width) = kept(wide, insets.left, insets.right)
        (y, height) = kept(high, insets.top, insets.bottom)
    }
}

extension MediaInfo.Video {
    /// Size in square pixels, like `displaySize`, of a part of the frame.
    fileprivate func displaySize(cut: PlacedFrames.Cut?) -> (width: Int, height: Int) {
        guard let cut else { return displaySize }
        let aspect =
            rotationDegrees % 180 == 0 ? sampleAspectRatio : Rational(1) / sampleAspectRatio
        return rotationDegrees % 180 == 0
            ? ((Rational(cut.width) * aspect).rounded, cut.height)
            : (cut.width, (Rational(cut.height) / aspect).rounded)
    }
}

extension MediaInfo.Video {
    /// True if the picture has transparency.
    package var hasAlpha: Bool { PixelFormat.hasAlpha(pixelFormat) }
}

/// Properties of a pixel format, by its name in FFmpeg.
enum PixelFormat {
    static func hasAlpha(_ name: String) -> Bool {
        ["yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya8", "ya16", "pal8", "ayuv", "vuya"]
            .contains { name.hasPrefix($0) }
    }

    static func isRGB(_ name: String) -> Bool {
        ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "mono"]
            .contains { name.hasPrefix($0) }
    }
}
