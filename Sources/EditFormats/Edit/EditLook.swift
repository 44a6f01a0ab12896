package import Captions
package import MediaTime
package import RenderPlans

extension Edit {
    /// The look and position of a clip's picture, with the defaults.
    package struct Look: Hashable, Sendable {
        /// How the picture fills its box.
        package var fit = RenderPlan.Fit.crop
        /// The picture's position in the output.
        package var position = AnchorPosition.center
        /// Moves the picture to the right by a fraction of the output's width.
        package var offsetX = Rational.zero
        /// Moves the picture up by a fraction of the output's height.
        package var offsetY = Rational.zero
        /// Fraction of the output's size.
        package var scale = Rational(1)
        /// 0 (invisible) to 1 (opaque).
        package var opacity = Rational(1)
        /// Clockwise degrees.
        package var rotation = Rational.zero
        /// What is cut off the source's picture first.
        package var crop = RenderPlan.Insets()
        /// The point that `crop` keeps nearest to the middle.
        package var focus = RenderPlan.Point.middle
        /// Changes of the colours and of the sharpness.
        package var effects = RenderPlan.Effects()
        /// How the clip comes; nil is a cut.
        package var transitionIn: RenderPlan.TransitionKind?
        /// How the clip goes; nil is a cut.
        package var transitionOut: RenderPlan.TransitionKind?
        /// Of each transition; cut to the clip, or to half of it where both
        /// are set.
        package var transitionSeconds = Rational(1)
        /// Whether the clip's `auto` start lies that much before the end of
        /// the clip before it.
        package var overlaps = false

        /// A look with every default.
        package init() {}
    }
}
