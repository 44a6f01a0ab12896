@testable import FFmpeg
import MediaTime
import Planning
import RenderPlans
import Testing
import TestSupport

/// Audio that is mixed in pieces without audible seams.
@Suite struct AudioPieceTests {
    /// A plan with audio pieces of `pieceFrames` audio frames.
    private func rendering(
        _ samples: [SampleMedia.Sample], seconds: Int, pieceFrames: Int, sampleRate: Int = 48_000,
        _ audio: [RenderPlan.AudioPlacement]
    ) async throws -> Rendering {
        var rendering = try await Rendering(
            samples, frameCount: seconds * 30, rate: Rational(30))
        rendering.plan.output.format = .m4a
        rendering.plan.output.audio = RenderPlan.AudioEncoding(codec: .aac)
        rendering.plan.output.audio.sampleRate = sampleRate
        rendering.plan.audio = audio
        let frames = AudioPlanner.frameCount(of: rendering.plan)
        rendering.plan.audioPieces = stride(from: 0, to: frames, by: pieceFrames).map {
            AudioFrameRange($0, min($0 + pieceFrames, frames))
        }
        return rendering
    }

    /// The samples of the output file, and the start times of its packets.
    private func finished(_ rendering: Rendering) async throws -> (audio: [Float], starts: [Int]) {
        let path = try await rendering.export()
        let text = try await runFFmpeg(
            ["-i", path, "-map", "0:a", "-c", "copy", "-copyts", "-f", "framecrc", "-"])
        let starts = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.split(separator: ",").dropFirst(2).first
                .flatMap { Int($0.drop { $0 == " " }) }
        }
        return (try await Rendering.samples(of: path), starts)
    }

    private func asWhole(_ rendering: Rendering) async throws -> [Float] {
        var whole = rendering
        whole.plan.audioPieces = nil
        return try await finished(whole).audio
    }

    /// The loudest sample of the difference, and its power.
    private func difference(_ one: [Float], _ other: [Float]) -> (peak: Float, power: Double) {
        var (peak, power): (Float, Double) = (0, 0)
        for (left, right) in zip(one, other) {
            peak = max(peak, abs(left - right))
            power += Double(left - right) * Double(left - right)
        }
        return (peak, power / Double(max(1, one.count)))
    }

    @Test(arguments: [(48_000, 30), (44_100, 8)])
    func `a tone across piece borders has no step and keeps every sample's place`(
        rate: Int, pieceFrames: Int
    ) async throws {
        let clip = RenderPlan.AudioPlacement(
            source: 0, startSample: 0, endSample: 19 * rate, loops: true)
        let rendering = try await rendering(
            [.ntsc], seconds: 19, pieceFrames: pieceFrames, sampleRate: rate, [clip])
        let pieces = try #require(rendering.plan.audioPieces)
        #expect(pieces.count > (pieceFrames == 8 ? 100 : 25))

        let (audio, starts) = try await finished(rendering)
        let whole = try await asWhole(rendering)

        #expect(starts == (0..<starts.count).map { ($0 - 1) * 1_024 })
        #expect(audio.count == whole.count)
        #expect(audio.count / 2 >= rendering.plan.sampleCount)
        // The mixed samples, and the same encoded as a whole.
        var mixed = rendering
        mixed.plan.audioPieces = nil
        mixed.plan.output.audio.codec = .pcm
        let original = try await mixed.renderedAudio()
        let (own, pieced) = (difference(whole, original), difference(audio, original))
        #expect(own.power > 0)
        #expect(pieced.peak <= 1.25 * own.peak)
        #expect(pieced.power <= 1.25 * own.power)
    }

    @Test func `a mix in pieces equals the whole mix`() async throws {
        // Other rates, overlaps, fades, gains across seams, speed, a loop that
        // ducks, a head before the first sample and a tail beyond the last.
        let audio = [
            RenderPlan.AudioPlacement(
                source: 0, startSample: -5_000, endSample: 180_000, sourceStart: Rational(1, 2),
                gainPoints: [
                    .init(sample: 0, gain: Rational(1, 4)),
                    .init(sample: 170_000, gain: Rational(1)),
                ], fadeInSamples: 60_000),
            RenderPlan.AudioPlacement(
                source: 1, startSample: 100_000, endSample: 300_000, speed: Rational(3, 4),
                volume: Rational(1, 3), fadeOutSamples: 90_000),
            RenderPlan.AudioPlacement(
                source: 0, startSample: 0, endSample: 400_000, loops: true, ducks: true),
        ]
        let rendering = try await rendering([.ntsc, .pal], seconds: 8, pieceFrames: 60, audio)
        let plan = rendering.plan
        let whole = try await mixed(rendering, plan, plan.sampleCount)

        for frames in try #require(plan.audioPieces) {
            let piece = AudioPiece(frames, of: plan)
            let part = try await mixed(rendering, piece.plan(in: plan), piece.count)
            // The kept packets: the others set the encoder's state.
            let kept = (max(0, frames.start - 1) * 1_024 - piece.start)..<piece.count
            let expected = whole[2 * (kept.lowerBound + piece.start)..<2 * piece.end]
            let off = difference(Array(expected), Array(part[(2 * kept.lowerBound)...]))
            #expect(off.peak < 0.000_01, "\(frames)")
        }
        #expect(whole.contains { abs($0) > 0.1 })
    }

    /// The samples that a plan mixes.
    private func mixed(
        _ rendering: Rendering, _ plan: RenderPlan, _ count: Int
    ) async throws -> [Float] {
        var part = rendering
        part.plan = plan
        part.plan.audioPieces = nil
        part.plan.output.audio.codec = .pcm
        part.plan.output.frameRate = Rational(plan.output.audio.sampleRate)
        part.plan.frameCount = count
        return try await part.renderedAudio()
    }

    @Test func `a film stitched from audio pieces passes verification`() async throws {
        let clip = RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)
        var rendering = try await rendering([.ntsc], seconds: 2, pieceFrames: 30, [clip])
        rendering.plan.output.format = .mp4
        rendering.plan.output.video = RenderPlan.VideoEncoding(codec: .h264, preset: "ultrafast")

        let path = try await rendering.export()

        let check = try await rendering.engine.verify(path, against: rendering.plan)
        #expect(check.audioSamples == 96_000)
        #expect(check.frames == 60)
    }

    @Test func `a piece's address depends only on its audio`() {
        let plan = RenderPlan(
            output: .init(width: 320, height: 180, frameRate: Rational(30)), frameCount: 3_000,
            sources: [0, 1].map {
                .init(assetID: "a", key: "k", etag: "\($0)", bytes: 1, media: Self.media)
            }, layers: [],
            audio: [
                .init(source: 0, startSample: 0, endSample: 2_000_000),
                .init(source: 1, startSample: 2_000_000, endSample: 4_800_000),
            ], chunks: [])
        func address(_ frames: AudioFrameRange, _ change: (inout RenderPlan) -> Void = { _ in })
            -> String
        {
            var plan = plan
            change(&plan)
            return audioFingerprint(frames, of: plan, ffmpegVersion: "5")
        }
        let (first, last) = (AudioFrameRange(0, 1_024), AudioFrameRange(3_072, 4_689))

        #expect(address(first) != address(last))
        #expect(address(first) == address(first) { $0.audio[1].volume = Rational(1, 2) })
        #expect(address(last) != address(last) { $0.audio[1].volume = Rational(1, 2) })
        #expect(address(last) == address(last) { $0.audio[0].volume = Rational(1, 2) })
        #expect(address(first) == address(first) { $0.frameCount = 6_000 })
        #expect(address(last) != address(last) { $0.frameCount = 6_000 })
        #expect(address(first) != audioFingerprint(of: plan, ffmpegVersion: "5"))
        #expect(audioSources(of: first, in: plan) == [0])
        #expect(audioSources(of: last, in: plan) == [1])
    }

    private static let media = MediaInfo(
        kind: .audio, format: "wav", durationMicroseconds: 100_000_000,
        audio: .init(codec: "pcm_s16le", sampleRate: 48_000, channels: 2, streamIndex: 0))
}
