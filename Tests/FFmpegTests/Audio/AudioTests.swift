@testable import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct AudioTests {
    private func placed(
        _ samples: [SampleMedia.Sample], _ audio: [RenderPlan.AudioPlacement],
        frameCount: Int = 60
    ) async throws -> Rendering {
        var rendering = try await Rendering(samples, frameCount: frameCount, rate: Rational(30))
        rendering.plan.audio = audio
        return rendering
    }

    /// Left channel.
    private func left(_ samples: [Float]) -> [Float] {
        stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
    }

    @Test func `a plan without audio is silence of full length`() async throws {
        let rendering = try await placed([], [])

        let audio = try await rendering.renderedAudio()

        #expect(same(audio, Array(repeating: 0, count: 96_000 * 2)))
    }

    @Test func `a clip begins and ends on its samples`() async throws {
        let rendering = try await placed(
            [.ntsc],
            [
                RenderPlan.AudioPlacement(
                    source: 0, startSample: 10_001, endSample: 30_001, sourceStart: Rational(1))
            ])

        let audio = left(try await rendering.renderedAudio())
        let source = left(try await Rendering.samples(of: rendering.urls[0] ?? ""))

        #expect(audio.count == 96_000)
        #expect(audio[..<10_001].allSatisfy { $0 == 0 })
        #expect(same(Array(audio[10_001..<30_001]), Array(source[48_000..<68_000])))
        #expect(audio[30_001...].allSatisfy { $0 == 0 })
    }

    @Test func `extracted audio has the samples of its video file`() async throws {
        for sample in [SampleMedia.Sample.ntsc, .pal, .phone, .cut, .wide] {
            let rendering = try await placed(
                [sample],
                [
                    RenderPlan.AudioPlacement(
                        source: 0, startSample: 100, endSample: 90_000,
                        sourceStart: Rational(3, 10))
                ])
            let url = rendering.urls[0] ?? ""
            let path = "\(rendering.folder)/audio.mov"
            let report = try await rendering.engine.extractAudio(
                url: url, media: rendering.plan.sources[0].media, to: path)

            let direct = try await rendering.renderedAudio()
            let extracted = try await rendering.renderedAudio(urls: [0: path])

            #expect(report.bytes > 1_000)
            #expect(direct.contains { abs($0) > 0.05 }, "\(sample)")
            #expect(same(direct, extracted), "\(sample)")
        }
    }

    @Test func `a late in-point is sample-exact after a seek`() async throws {
        let rendering = try await placed(
            [.lecture],
            [
                RenderPlan.AudioPlacement(
                    source: 0, startSample: 0, endSample: 96_000, sourceStart: Rational(61, 2))
            ])

        let audio = left(try await rendering.renderedAudio())
        let source = try await Rendering.samples(of: rendering.urls[0] ?? "")

        // Noise substitution of AAC depends on the packet at which decoding began.
        let off = zip(audio, source[(30_500 * 48)...]).map { abs($0 - $1) }.max() ?? 1
        #expect(audio.count == 96_000)
        #expect(off < 0.003)
    }

    @Test func `audio that a copy would change is not extracted`() async throws {
        let rendering = try await placed([.odd], [])

        await #expect {
            try await rendering.engine.extractAudio(
                url: rendering.urls[0] ?? "", media: rendering.plan.sources[0].media,
                to: "\(rendering.folder)/audio.mka")
        } throws: { error in
            (error as? FFmpegError)?.code == .unsupported
        }
    }

    @Test func `overlapping clips are summed with their gains`() async throws {
        let one = RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 40_000)
        let two = RenderPlan.AudioPlacement(
            source: 1, startSample: 20_000, endSample: 60_000, volume: Rational(1, 2))
        let both = try await placed([.ntsc, .pal], [one, two])
        var first = both
        first.plan.audio = [one]
        var second = both
        second.plan.audio = [two]

        let mixed = try await both.renderedAudio()
        let a = try await first.renderedAudio()
        let b = try await second.renderedAudio()

        let off = zip(mixed, zip(a, b)).map { abs($0 - ($1.0 + $1.1)) }.max() ?? 1
        #expect(mixed.count == 96_000 * 2)
        #expect(off < 0.000_001)
    }

    @Test func `a soundtrack loops at the end of its file`() async throws {
        let rendering = try await placed(
            [.song],
            [
                RenderPlan.AudioPlacement(
                    source: 0, startSample: 0, endSample: 240_000, fadeOutSamples: 24_000,
                    loops: true)
            ], frameCount: 150)

        let audio = left(try await rendering.renderedAudio())
        let source = left(try await Rendering.samples(of: rendering.urls[0] ?? ""))

        #expect(audio.count == 240_000)
        #expect(same(Array(audio[..<source.count]), source))
        let again = audio[source.count..<(2 * source.count)]
        #expect(same(Array(again), source))
        #expect(abs(audio[239_999]) < 0.001)
    }

    @Test func `a mono voice is equally loud on both channels`() async throws {
        let rendering = try await placed(
            [.voice], [RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)])

        let audio = try await rendering.renderedAudio()
        let source = try await Rendering.samples(of: rendering.urls[0] ?? "")

        #expect(same(left(audio), Array(source[..<96_000])))
        #expect(same(left(audio), left(Array(audio.dropFirst()) + [0])))
    }

    @Test func `audio of every container has the planned length`() async throws {
        for sample in [SampleMedia.Sample.odd, .transport, .wide, .phone, .song, .voice] {
            let rendering = try await placed(
                [sample],
                [
                    RenderPlan.AudioPlacement(
                        source: 0, startSample: 0, endSample: 96_000, sourceStart: Rational(1, 2),
                        fadeInSamples: 100, fadeOutSamples: 1_000)
                ])

            let audio = try await rendering.renderedAudio()

            #expect(audio.count == 96_000 * 2, "\(sample)")
            #expect(audio.contains { abs($0) > 0.02 }, "\(sample)")
        }
    }

    @Test func `a tone of 120 clips has no step`() async throws {
        let path = "\(NSTemporaryPath.make("spool-tone"))/tone.wav"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*440*t):s=48000:d=12"]
                + ["-c:a", "pcm_f32le", path])
        var rendering = try await Rendering(
            files: [path], frameCount: 300, width: 16, height: 16, rate: Rational(30))
        rendering.plan.audio = (0..<120).map { index in
            RenderPlan.AudioPlacement(
                source: 0, startSample: 4_001 * index, endSample: 4_001 * (index + 1),
                sourceStart: Rational(4_001 * index, 48_000))
        }
        #expect(rendering.plan.audio.count > StagedAudioMix.inputCountMax)

        let audio = left(try await rendering.renderedAudio())
        let source = try await Rendering.samples(of: path)

        let steps = zip(audio, audio.dropFirst()).map { abs($0 - $1) }
        #expect(audio.count == 480_000)
        #expect(same(audio, Array(source[..<480_000])))
        #expect((steps.max() ?? 1) < 0.5 * 2 * Float.pi * 440 / 48_000 * 1.001)
    }

    @Test func `many clips mixed in pieces have the same samples`() async throws {
        // Overlaps, gaps, gains, a head before the first sample, a tail beyond
        // the last, and music that ducks.
        let clips = (0..<30).map { index in
            RenderPlan.AudioPlacement(
                source: index % 2, startSample: index * 3_500 - 2_000,
                endSample: index * 3_500 + 1_000 + index % 7 * 700,
                sourceStart: Rational(index, 25), volume: Rational(1 + index % 3, 3),
                fadeInSamples: 50 * (index % 2), ducks: index % 10 == 9)
        }
        var rendering = try await placed([.ntsc, .pal], clips)
        rendering.plan.audio.append(
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000, loops: true))
        let parts = try #require(StagedAudioMix(rendering.plan, count: 96_000, inputCountMax: 4))
        #expect(parts.pieces.allSatisfy { (2...4).contains($0.placements.count) })
        #expect(parts.pieces.count > 4)
        #expect(
            parts.pieces.reduce(parts.rest.count) { $0 + $1.placements.count }
                == AudioGraph.audible(rendering.plan).count)

        let whole = try await rendering.renderedAudio()
        var urls = rendering.urls
        for (index, piece) in parts.pieces.enumerated() {
            let path = "\(rendering.folder)/piece-\(index).mov"
            var part = rendering.plan
            part.audio = parts.plan(of: piece, in: rendering.plan).audio
            part.output.frameRate = Rational(48_000)
            part.frameCount = piece.count
            _ = try await rendering.engine.renderAudio(
                of: part, sourceURLs: rendering.urls, to: path)
            urls[rendering.plan.sources.count + index] = path
        }
        rendering.plan = parts.mix(rendering.plan)
        let pieced = try await rendering.renderedAudio(urls: urls)

        let off = zip(whole, pieced).map { abs($0 - $1) }.max() ?? 1
        #expect(whole.count == 96_000 * 2)
        #expect(pieced.count == whole.count)
        #expect(off < 0.000_001)
        #expect(whole.contains { abs($0) > 0.1 })
    }

    @Test func `a hundred clips of audio play one after the other`() async throws {
        let clips = (0..<100).map { index in
            RenderPlan.AudioPlacement(
                source: index % 2, startSample: index * 900, endSample: index * 900 + 1_000,
                sourceStart: Rational(index, 25))
        }
        let rendering = try await placed([.ntsc, .pal], clips)

        let audio = try await rendering.renderedAudio()

        #expect(audio.count == 96_000 * 2)
        #expect(audio[(2 * 90_100)...].allSatisfy { $0 == 0 })
    }
}
