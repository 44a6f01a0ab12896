package import MediaTime
import Planning
package import RenderPlans

/// A range of the AAC frames of a film's sound, and what must be mixed to make it.
///
/// The encoder's state at the piece's first frame comes from the frames before it,
/// which are mixed and encoded too and thrown away (`AudioPieceTests`).
struct AudioPiece {
    let frames: FrameRange
    /// Frames that are encoded before the first that is kept.
    let leading: Int
    /// Samples of the film that are mixed.
    let start: Int
    let end: Int

    /// Frames of the encoder's memory. Below 8 a border clicks; at 32 the noise of
    /// pieces of 8 frames had up to 2.2 times the power, at 128 up to 1.15 (measured).
    private static let encoderFrames = 128
    /// What a ducked soundtrack hears of the voice before the piece: five times the
    /// compressor's release.
    private static let duckingSeconds = 5
    /// Frames behind the piece that its last ones look at.
    private static let following = 4

    init(_ frames: FrameRange, of plan: RenderPlan) {
        let size = AudioPlanner.audioFrameSamples
        let rate = plan.output.audio.sampleRate
        let ducking = plan.audio.contains(where: \.ducks) ? Self.duckingSeconds * rate / size : 0
        self.frames = frames
        leading = min(frames.start, Self.encoderFrames + ducking)
        start = (frames.start - leading) * size
        end = min(plan.sampleCount, (frames.end + Self.following) * size)
    }

    /// Samples that are mixed.
    var count: Int { end - start }

    /// The film's sound from the piece's first sample on.
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

    /// Keeps the piece's packets and counts their times from 0. No function of two
    /// arguments: a comma would end the filter.
    var packetFilter: [String] {
        var drop = ["floor(n/\(leading + frames.count))"]
        if leading > 0 { drop.append("not(floor(n/\(leading)))") }
        return ["-bsf:a", "noise=drop=\(drop.joined(separator: "+")),setts=ts=TS-STARTPTS"]
    }

    /// The frames that are written when the muxer is at that time.
    func framesDone(atMicroseconds time: Int, sampleRate: Int) -> Int {
        let samples = (Rational(time, 1_000_000) * Rational(sampleRate)).floor
        return max(0, min(samples / AudioPlanner.audioFrameSamples, frames.count))
    }
}

/// Indices of the sources that a piece of the sound is mixed from.
package func audioSources(of frames: FrameRange, in plan: RenderPlan) -> Set<Int> {
    Set(AudioPiece(frames, of: plan).plan(in: plan).audio.map(\.source))
}

extension RenderPlan {
    /// Whether the sound is a source's own and is copied where its packets allow it.
    package var copiesAudio: Bool { AudioPacketCopy(self) != nil }
}
