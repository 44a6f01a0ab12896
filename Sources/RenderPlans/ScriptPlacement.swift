package import Captions
package import MediaTime

extension RenderPlan {
    /// A text on the timeline, drawn by libass over what lies under it.
    package struct ScriptPlacement: Hashable, Sendable, Codable {
        /// What is written.
        package enum Content: Hashable, Sendable, Codable {
            /// Pages whose times count from the start of the clip.
            case captions(CaptionTrack, CaptionStyle)
            case title(TextTitle)
        }

        /// The captions or the title.
        package var content: Content
        /// Where it shows, in frames of the output. May reach beyond either
        /// end of the output, where only a range of the timeline is exported.
        package var frames: FrameRange
        /// 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// Clockwise degrees around the text's anchor.
        package var rotation: Rational
        /// Lengths in frames; 0 is no fade. Only of a title.
        package var fadeInFrames: Int
        /// Length of the fade at the end, in frames; 0 is no fade. Only of a title.
        package var fadeOutFrames: Int

        /// A script placement with those properties.
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

        /// What is drawn, in the clip's own time.
        /// - Parameter window: Frames after the start of the clip, of which the
        ///   pages are wanted; nil wants all.
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
