import ChildProcess
import Editing
import FFmpeg
import TestSupport
import Testing

@Suite struct StitchTests {
    /// Two clips with sound, 120 frames in five chunks.
    private func film(
        rate: Rational, codec: RenderPlan.AudioEncoding.Codec
    ) async throws -> Rendering {
        var rendering = try await Rendering([.ntsc, .pal], frameCount: 120, rate: rate)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 70), sourceStart: Rational(1),
                    box: rendering.full),
                RenderPlan.Placement(source: 1, frames: FrameRange(70, 120), box: rendering.full),
            ])
        ]
        rendering.plan.output.video = RenderPlan.VideoEncoding(crf: 30, preset: "ultrafast")
        rendering.plan.output.format = codec == .aac ? .mp4 : .mov
        rendering.plan.output.audio.codec = codec
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(
                source: 0, startSample: 0, endSample: 50_000, sourceStart: Rational(1)),
            RenderPlan.AudioPlacement(source: 1, startSample: 60_000, endSample: 100_000),
        ]
        rendering.plan.chunks = Rendering.ranges([0, 31, 62, 70, 71, 120])
        return rendering
    }

    @Test(
        arguments: [
            Rational(30_000, 1_001), Rational(24_000, 1_001), Rational(60_000, 1_001),
            Rational(25), Rational(30),
        ])
    func `a joined film has every frame at its time and its sound in full`(
        rate: Rational
    ) async throws {
        let rendering = try await film(rate: rate, codec: .aac)

        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)

        #expect(
            check
                == SeamCheck(
                    frames: 120, seams: 4, decodedSeams: 4,
                    audioSamples: rendering.plan.sampleCount))
    }

    @Test func `joined sound and the sound rendered are the same samples`() async throws {
        let rendering = try await film(rate: Rational(25), codec: .pcm)

        let path = try await rendering.export()

        let joined = try await Rendering.samples(of: path)
        let rendered = try await rendering.renderedSound()
        #expect(joined.count == rendering.plan.sampleCount * 2)
        #expect(same(joined, rendered))
    }

    @Test func `a film that lacks a frame is not accepted`() async throws {
        let rendering = try await film(rate: Rational(25), codec: .aac)
        let path = try await rendering.export()
        var longer = rendering.plan
        longer.frameCount += 1

        await #expect {
            try await rendering.engine.verify(path, against: longer)
        } throws: { error in
            (error as? FFmpegError)?.detail
                == "Frame 120 is missing: the file has 120 of 121 frames."
        }
    }
}
