import Captions
import EditFormats
import MediaTime
import RenderPlans

/// The rectangle of a clip's picture in output pixels, from its `fit`, `scale`, `position`
/// and `offset`.
struct PictureBox {
    let look: Edit.Look
    /// Size of the picture in square pixels, as a player shows it.
    let picture: (width: Int, height: Int)
    let output: (width: Int, height: Int)

    /// The rectangle and the fit of the picture into it.
    ///
    /// `contain` and `none` leave a part of the output free, so `position` moves the
    /// picture itself: the result is the picture's own rectangle, with a fit that fills it.
    var fitted: (RenderPlan.Fit, RenderPlan.Box) {
        let box = (width: scaled(output.width), height: scaled(output.height))
        switch look.fit {
        case .crop, .cover, .blur:
            return (look.fit, placed(box.width, box.height))
        case .contain:
            let (width, height) = contained(in: box)
            return (.cover, placed(width, height))
        case .none:
            let fit: RenderPlan.Fit = look.scale == Rational(1) ? .none : .cover
            return (fit, placed(scaled(picture.width), scaled(picture.height)))
        }
    }

    private func scaled(_ side: Int) -> Int { max(2, (Rational(side) * look.scale).rounded) }

    /// The size of the largest rectangle inside the box with the picture's aspect ratio.
    private func contained(in box: (width: Int, height: Int)) -> (width: Int, height: Int) {
        guard picture.width > 0, picture.height > 0 else { return box }
        let isWider = picture.width * box.height > box.width * picture.height
        return isWider
            ? (box.width, max(2, Rational(box.width * picture.height, picture.width).rounded))
            : (max(2, Rational(box.height * picture.width, picture.height).rounded), box.height)
    }

    /// A rectangle of that size at the clip's position, moved by its offset.
    private func placed(_ width: Int, _ height: Int) -> RenderPlan.Box {
        let (freeWidth, freeHeight) = (output.width - width, output.height - height)
        let x: Int =
            switch look.position {
            case .left, .topLeft, .bottomLeft: 0
            case .right, .topRight, .bottomRight: freeWidth
            case .center, .top, .bottom: Rational(freeWidth, 2).floor
            }
        let y: Int =
            switch look.position {
            case .top, .topLeft, .topRight: 0
            case .bottom, .bottomLeft, .bottomRight: freeHeight
            case .center, .left, .right: Rational(freeHeight, 2).floor
            }
        return RenderPlan.Box(
            x: x + (look.offsetX * Rational(output.width)).rounded,
            y: y - (look.offsetY * Rational(output.height)).rounded,
            width: width, height: height)
    }
}
