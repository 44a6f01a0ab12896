package import Captions
package import MediaTime
package import RenderPlans

extension Edit {
    /// The look and position of a clip's picture.
    package struct Look: Hashable, Sendable {
        /// The fit of the picture into its box.
        package var fit = RenderPlan.Fit.crop
        /// The picture's position in the output.
        package var position = AnchorPosition.center
        /// Offset to the right as a fraction of the output's width.
        package var offsetX = Rational.zero
        /// Offset upward as a fraction of the output's height.
        package var offsetY = Rational.zero
        /// Size of the clip's box as a factor of the output's size.
        package var scale = Rational(1)
        /// Opacity, from 0 (invisible) to 1 (opaque).
        package var opacity = Rational(1)
        /// Rotation in clockwise degrees.
        package var rotation = Rational.zero
        /// Insets removed from the source's picture before it is fitted.
        package var crop = RenderPlan.Insets()
        /// The point that `crop` keeps nearest to the middle.
        package var focus = RenderPlan.Point.middle
        /// Changes of colours and sharpness.
        package var effects = RenderPlan.Effects()
        /// The transition at the clip's start; nil for a cut.
        package var transitionIn: RenderPlan.TransitionKind?
        /// The transition at the clip's end; nil for a cut.
        package var transitionOut: RenderPlan.TransitionKind?
        /// Length of each transition in seconds; at most the clip, or half of it if both
        /// are set.
        package var transitionSeconds = Rational(1)
        /// True if the clip's `auto` start lies the length of the transition before the end
        /// of the previous clip.
        package var overlaps = false

        /// Creates a look with all defaults.
        package init() {}
    }
}
