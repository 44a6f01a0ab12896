package import MediaTime
package import RenderPlans

extension RenderPlan.Placement {
    /// Creates a clip that may fade over the layers below.
    package init(
        source: Int, frames: FrameRange, sourceStart: Rational = .zero,
        fit: RenderPlan.Fit = .crop, box: RenderPlan.Box, opacity: Rational = Rational(1),
        fadeInFrames: Int = 0, fadeOutFrames: Int = 0
    ) {
        func fade(_ frames: Int) -> RenderPlan.Transition? {
            frames > 0 ? RenderPlan.Transition(kind: .fade, frames: frames) : nil
        }
        self.init(
            picture: .source(source), frames: frames, sourceStart: sourceStart, fit: fit,
            box: box, opacity: opacity, transitionIn: fade(fadeInFrames),
            transitionOut: fade(fadeOutFrames))
    }

    /// The length of the transition at the start in frames.
    package var fadeInFrames: Int { transitionIn?.frames ?? 0 }
    /// The length of the transition at the end in frames.
    package var fadeOutFrames: Int { transitionOut?.frames ?? 0 }
}
