import MediaTime
import RenderPlans

/// The size to which a picture is scaled, the crop, and its place in the output.
///
/// The size after the crop is always even: with an odd width, `overlay` (FFmpeg 5.1) reads
/// past the last column, and the frame would depend on the contents of memory.
struct Geometry: Hashable {
    var scaledWidth: Int
    var scaledHeight: Int
    /// Size after the crop, at most the scaled size.
    var width: Int
    var height: Int
    /// Place of the crop inside the scaled picture; even, as subsampled chroma needs.
    var cropX: Int
    var cropY: Int
    /// Place in the output, which `overlay` rounds down to even pixels.
    var x: Int
    var y: Int

    /// Smallest width and height of a picture.
    private static let sideMin = 8

    var isCropped: Bool { width != scaledWidth || height != scaledHeight }

    init(
        fitting size: (width: Int, height: Int), _ fit: RenderPlan.Fit, into box: RenderPlan.Box,
        focus: RenderPlan.Point = .middle
    ) {
        let source = (width: max(Self.sideMin, size.width), height: max(Self.sideMin, size.height))
        let box = RenderPlan.Box(
            x: box.x, y: box.y, width: max(Self.sideMin, Self.even(box.width + 1)),
            height: max(Self.sideMin, Self.even(box.height + 1)))
        let horizontal = Rational(box.width, source.width)
        let vertical = Rational(box.height, source.height)
        switch fit {
        case .cover, .blur:
            (scaledWidth, scaledHeight) = (box.width, box.height)
        case .none:
            (scaledWidth, scaledHeight) = source
        case .crop:
            let factor = max(horizontal, vertical)
            scaledWidth = max(box.width, (Rational(source.width) * factor).rounded)
            scaledHeight = max(box.height, (Rational(source.height) * factor).rounded)
        case .contain:
            let factor = min(horizontal, vertical)
            scaledWidth = Self.nearestEven(Rational(source.width) * factor, atMost: box.width)
            scaledHeight = Self.nearestEven(Rational(source.height) * factor, atMost: box.height)
        }
        width = Self.even(min(scaledWidth, box.width))
        height = Self.even(min(scaledHeight, box.height))
        cropX = Self.cropStart(scaledWidth, to: width, around: focus.x)
        cropY = Self.cropStart(scaledHeight, to: height, around: focus.y)
        x = Self.even(box.x + (box.width - width) / 2)
        y = Self.even(box.y + (box.height - height) / 2)
    }

    private static func nearestEven(_ value: Rational, atMost limit: Int) -> Int {
        min(limit, max(sideMin, 2 * (value * Rational(1, 2)).rounded))
    }

    /// The start of the crop of one side that brings the focus as close to the middle as
    /// the picture allows.
    private static func cropStart(_ side: Int, to length: Int, around focus: Rational) -> Int {
        let start = (Rational(side) * focus - Rational(length, 2)).floor
        return even(max(0, min(start, side - length)))
    }

    private static func even(_ value: Int) -> Int { value & ~1 }
}
