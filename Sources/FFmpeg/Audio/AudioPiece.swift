package import MediaTime
import Planning
package import RenderPlans

/// A range of the audio frames of a plan, and the samples that are mixed for it.
///
/// The encoder's state at the piece's first frame depends on the frames before it, so
/// these are mixed and encoded too and then discarded (`AudioPieceTests`).
struct AudioPiece {
    let frames: AudioFrameRange
    /// Frames that are encoded before the first that is kept.
    let leading: Int
    /// First sample of the plan that is mixed, and the sample after the last one.
    let start: Int
    let end: Int

    /// Frames that are encoded before a piece for the encoder's state. With fewer than 8
    /// a seam clicks; with 32 the noise of pieces of 8 frames had up to 2.2 times the
    /// power, with 128 up to 1.15 (measured).
    private static let encoderFrames = 128
    /// Seconds that are mixed before a piece with ducking, for the compressor's state: five
    /// times its release.
    private static let duckingSeconds = 5
    /// Frames after the piece, which the encoder looks at.
    private static let following = 4

    init(_ frames: AudioFrameRange, of plan: RenderPlan) {
        let size = AudioFrame.sampleCount
        let rate = plan.output.audio.sampleRate
        let ducking = plan.audio.contains(where: \.ducks) ? Self.duckingSeconds * rate / size : 0
        self.frames = frames
        leading = min(frames.start, Self.encoderFrames + ducking)
        start = (frames.start - leading) * size
        end = min(plan.sampleCount, (frames.end + Self.following) * size)
    }

    /// Samples that are mixed.
    var count: Int { end - start }

    /// The plan with the piece's placements, its first sample at 0.
    func plan(in plan: RenderPlan) -> RenderPlan {
        var part = plan
        part.audio = AudioGraph.audible(plan).compactMap { placement in
            guard placement.startSample < end, start < placement.endSample else { return nil }
            var moved = placement
            moved.startSample -= start
            moved.endSample -= start
            return moved
        }
        return part
    }

    /// A bitstream filter that keeps the piece's packets, with times from 0. It uses no
    /// function of two arguments, since a comma would end the filter.
    var packetFilter: [String] {
        var drop = ["floor(n/\(leading + frames.count))"]
        if leading > 0 { drop.append("not(floor(n/\(leading)))") }
        return ["-bsf:a", "noise=drop=\(drop.joined(separator: "+")),setts=ts=TS-STARTPTS"]
    }

    /// Frames that are written when the muxer reports this time.
    func framesDone(atMicroseconds time: Int, sampleRate: Int) -> Int {
        let samples = (Rational(time, 1_000_000) * Rational(sampleRate)).floor
        return max(0, min(samples / AudioFrame.sampleCount, frames.count))
    }
}

/// Indices of the sources from which an audio piece is mixed.
package func audioSources(of frames: AudioFrameRange, in plan: RenderPlan) -> Set<Int> {
    Set(AudioPiece(frames, of: plan).plan(in: plan).audio.map(\.source))
}

extension RenderPlan {
    /// True if the audio is one unchanged source, whose packets are copied if they fit.
    package var copiesAudio: Bool { AudioPacketCopy(self) != nil }
}
