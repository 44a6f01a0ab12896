package import Captions
package import MediaTime

extension RenderPlan {
    /// A text on the timeline, drawn by libass over the content below.
    package struct ScriptPlacement: Hashable, Sendable, Codable {
        /// The content of a script placement.
        package enum Content: Hashable, Sendable, Codable {
            /// Caption pages, with times counted from the start of the clip.
            case captions(CaptionTrack, CaptionStyle)
            case title(TextTitle)
        }

        /// The drawn captions or title.
        package var content: Content
        /// The frames of the output on which the text is visible. May extend beyond the
        /// output if only a range of the timeline is exported.
        package var frames: FrameRange
        /// Opacity, from 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// Rotation around the text's anchor, in clockwise degrees.
        package var rotation: Rational
        /// Length of a title's fade at the start, in frames; 0 for no fade.
        package var fadeInFrames: Int
        /// Length of a title's fade at the end, in frames; 0 for no fade.
        package var fadeOutFrames: Int

        /// Creates a script placement.
        package init(
            content: Content, frames: FrameRange, opacity: Rational = Rational(1),
            rotation: Rational = .zero, fadeInFrames: Int = 0, fadeOutFrames: Int = 0
        ) {
            self.content = content
            self.frames = frames
            self.opacity = opacity
            self.rotation = rotation
            self.fadeInFrames = fadeInFrames
            self.fadeOutFrames = fadeOutFrames
        }

        /// The script to draw, in the clip's time.
        /// - Parameter window: The frames after the start of the clip whose pages are
        ///   included; nil includes all pages.
        package func script(
            _ output: OutputSettings, window: FrameRange? = nil
        ) -> Script {
            var script = Script(width: output.width, height: output.height)
            switch content {
            case .captions(let track, let style):
                script.add(
                    track, style, rate: output.frameRate, count: frames.count, window: window)
            case .title(let title):
                script.add(title, count: frames.count, fades: (fadeInFrames, fadeOutFrames))
            }
            script.fade(to: opacity)
            script.turn(by: rotation)
            return script
        }
    }
}
