import MediaTime
import RenderPlans

/// The part of a placement that one chunk shows, told without any absolute
/// time of the timeline: two pieces with equal values are equal pictures.
struct PlacedFrames: Hashable {
    var placement: RenderPlan.Placement
    /// First frame inside the placement.
    var first: Int
    var count: Int
    var geometry: Geometry
    /// With `blur`: where the sharp picture lies inside `geometry`.
    var foreground: Geometry?
    /// What is read of a file; nil for a colour.
    var reading: Reading?

    /// Where a piece's frames lie in its source.
    struct Reading: Hashable {
        /// Index into the plan's sources.
        var source: Int
        /// The source's frames are laid on a grid of the output rate that
        /// begins `gridRemainder` seconds after the start of the file, so a
        /// head trimmed by whole frames leaves the same grid and frames.
        var gridRemainder: Rational
        /// First frame on that grid.
        var gridFirst: Int
        var isStill: Bool
        var hasAlpha: Bool
        /// Pixels of a decoded frame that are kept: all of them, or a part.
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

    /// True where the piece alone decides every pixel of the output, but for
    /// its fades.
    func isFull(in output: RenderPlan.OutputSettings) -> Bool {
        !hasAlpha && !isRotated && placement.opacity == Rational(1)
            && geometry.x == 0 && geometry.y == 0
            && geometry.width == output.width && geometry.height == output.height
    }

    /// - Returns: nil where the chunk shows nothing of the placement.
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
    /// - Returns: nil where nothing is cut.
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
    /// Size in square pixels, as `displaySize`, of a part of the picture.
    fileprivate func displaySize(cut: PlacedFrames.Cut?) -> (width: Int, height: Int) {
        guard let cut else { return displaySize }
        let aspect =
            rotationDegrees % 180 == 0 ? sampleAspectRatio : Rational(1) / sampleAspectRatio
        return rotationDegrees % 180 == 0
            ? ((Rational(cut.width) * aspect).rounded, cut.height)
            : (cut.width, (Rational(cut.height) / aspect).rounded)
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
