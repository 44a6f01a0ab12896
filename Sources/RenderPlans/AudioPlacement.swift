package import MediaTime

extension RenderPlan {
    /// One clip's audio on the timeline, in samples of the output rate.
    package struct AudioPlacement: Hashable, Sendable, Codable {
        /// Index into `RenderPlan.sources`.
        package var source: Int
        /// The first sample. May lie outside the output if only a range of the timeline is
        /// exported.
        package var startSample: Int
        /// The sample after the last one.
        package var endSample: Int
        /// In-point: seconds after the start of the file.
        package var sourceStart: Rational
        /// Seconds of the source per second of the output; the pitch is preserved.
        package var speed: Rational
        /// Linear gain: 1 leaves the audio unchanged.
        package var volume: Rational
        /// Gain in addition to `volume` at points of the clip: linear between points,
        /// constant before the first and after the last. Empty is a gain of 1.
        package var gainPoints: [GainPoint]
        /// Length of the fade at the start, in samples; 0 for no fade.
        package var fadeInSamples: Int
        /// Length of the fade at the end, in samples; 0 for no fade.
        package var fadeOutSamples: Int
        /// True if the audio restarts at the in-point when the file ends (a soundtrack).
        package var loops: Bool
        /// True if the audio ducks while any audio that does not duck is heard.
        package var ducks: Bool

        /// Creates an audio placement.
        package init(
            source: Int, startSample: Int, endSample: Int, sourceStart: Rational = .zero,
            speed: Rational = Rational(1), volume: Rational = Rational(1),
            gainPoints: [GainPoint] = [], fadeInSamples: Int = 0, fadeOutSamples: Int = 0,
            loops: Bool = false, ducks: Bool = false
        ) {
            self.source = source
            self.startSample = startSample
            self.endSample = endSample
            self.sourceStart = sourceStart
            self.speed = speed
            self.volume = volume
            self.gainPoints = gainPoints
            self.fadeInSamples = fadeInSamples
            self.fadeOutSamples = fadeOutSamples
            self.loops = loops
            self.ducks = ducks
        }
    }

    /// A gain at one moment of a clip.
    package struct GainPoint: Hashable, Sendable, Codable {
        /// Samples after the start of the clip.
        package var sample: Int
        /// Linear gain.
        package var gain: Rational

        /// Creates a gain point.
        package init(sample: Int, gain: Rational) {
            self.sample = sample
            self.gain = gain
        }
    }
}
