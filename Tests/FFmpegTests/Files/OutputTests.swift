import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Every output format of an edit, stitched from chunks and verified.
@Suite struct OutputTests {
    typealias Format = RenderPlan.OutputFormat
    typealias Video = RenderPlan.VideoEncoding.Codec
    typealias Audio = RenderPlan.AudioEncoding.Codec

    /// One clip and a logo that fades, with audio: 60 frames in four chunks,
    /// one of them a single frame.
    private func film(
        _ format: Format, _ video: Video, _ audio: Audio, rate: Rational = Rational(30_000, 1_001)
    ) async throws -> Rendering {
        var rendering = try await Rendering([.ntsc, .logo], frameCount: 60, rate: rate)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 60), sourceStart: Rational(1),
                    box: rendering.full)
            ]),
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 1, frames: FrameRange(10, 50), fit: .contain,
                    box: RenderPlan.Box(x: 200, y: 20, width: 100, height: 100),
                    fadeInFrames: 15, fadeOutFrames: 15)
            ]),
        ]
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(
                source: 0, startSample: 5_000, endSample: 90_000, sourceStart: Rational(1))
        ]
        rendering.plan.output.format = format
        rendering.plan.output.video = RenderPlan.VideoEncoding(
            codec: video, crf: video.defaultCRF, preset: "ultrafast")
        rendering.plan.output.audio.codec = audio
        rendering.plan.chunks = Rendering.ranges([0, 17, 30, 31, 60])
        return rendering
    }

    struct Film: Sendable, CustomTestStringConvertible {
        var format: Format
        var video: Video
        var audio: Audio
        /// Names of ffprobe.
        var codecs: [String]
        var testDescription: String { "\(video) and \(audio) in \(format)" }
    }

    static let films = [
        Film(format: .mp4, video: .h264, audio: .aac, codecs: ["h264", "aac"]),
        Film(format: .mp4, video: .hevc, audio: .aac, codecs: ["hevc", "aac"]),
        Film(format: .mp4, video: .av1, audio: .aac, codecs: ["av1", "aac"]),
        Film(format: .webm, video: .vp9, audio: .opus, codecs: ["vp9", "opus"]),
        Film(format: .webm, video: .av1, audio: .opus, codecs: ["av1", "opus"]),
        Film(format: .mov, video: .prores, audio: .pcm24, codecs: ["prores", "pcm_s24le"]),
        Film(format: .mov, video: .h264, audio: .aac, codecs: ["h264", "aac"]),
        Film(format: .mov, video: .hevc, audio: .pcm16, codecs: ["hevc", "pcm_s16le"]),
    ]

    @Test(arguments: films)
    func `a film of any codec has every frame at its time and its whole audio`(
        film: Film
    ) async throws {
        let rendering = try await self.film(film.format, film.video, film.audio)

        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)
        let media = try await rendering.engine.probe(url: path)

        #expect(
            check
                == SeamCheck(
                    frames: 60, seams: 3, decodedSeams: 3,
                    audioSamples: rendering.plan.sampleCount))
        #expect([media.video?.codec, media.audio?.codec] == film.codecs)
        #expect(try await Rendering.frameHashes(of: path).count == 60)
    }

    @Test(arguments: [Rational(24_000, 1_001), Rational(25), Rational(60_000, 1_001)])
    func `webm has every frame within a millisecond of its time`(rate: Rational) async throws {
        let rendering = try await film(.webm, .vp9, .opus, rate: rate)

        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)

        #expect(check.frames == 60)
    }

    /// ProRes is intra-only, so equal frames are equal bytes.
    @Test func `chunks and one run give an intra codec the same frames`() async throws {
        var rendering = try await film(.mov, .prores, .pcm24)
        let many = try await Rendering.frameHashes(of: try await rendering.export())
        rendering.plan.chunks = [FrameRange(0, 60)]
        let one = try await Rendering.frameHashes(of: try await rendering.export())

        #expect(many.count == 60)
        #expect(Set(many).count > 50)
        #expect(many == one)
    }

    @Test(arguments: [
        (Format.m4a, Audio.aac, 1_024), (.mp3, .mp3, 0), (.wav, .pcm16, 0), (.wav, .pcm24, 0),
        (.wav, .pcm, 0),
    ])
    func `an audio file has the planned length and no frames`(
        format: Format, codec: Audio, tolerance: Int
    ) async throws {
        var rendering = try await film(format, .lossless, codec)
        rendering.plan.layers = []
        rendering.plan.chunks = []

        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)
        let samples = try await Rendering.samples(of: path).count / 2

        #expect(
            check
                == SeamCheck(
                    frames: 0, seams: 0, decodedSeams: 0,
                    audioSamples: rendering.plan.sampleCount))
        #expect((0...tolerance).contains(samples - rendering.plan.sampleCount))
        #expect(try await rendering.engine.probe(url: path).kind == .audio)
    }

    @Test func `Opus plays exactly the planned samples`() async throws {
        let rendering = try await film(.webm, .vp9, .opus)

        let samples = try await Rendering.samples(of: try await rendering.export())

        #expect(samples.count == rendering.plan.sampleCount * 2)
    }

    @Test func `a GIF does not depend on its chunks`() async throws {
        var rendering = try await film(.gif, .lossless, .aac, rate: Rational(15))
        rendering.plan.audio = []
        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)
        let many = try await Rendering.frameHashes(of: path)
        rendering.plan.chunks = [FrameRange(0, 60)]
        let one = try await Rendering.frameHashes(of: try await rendering.export())

        #expect(
            check == SeamCheck(frames: 60, seams: 3, decodedSeams: 3, audioSamples: nil))
        #expect(many.count == 60)
        #expect(Set(many).count > 50)
        #expect(many == one)
    }

    @Test(arguments: [Format.png, .jpg])
    func `a still has the colours of its frame`(format: Format) async throws {
        var rendering = try await Rendering(
            [], frameCount: 1, width: 64, height: 48, background: "d02040")
        rendering.plan.output.format = format
        rendering.plan.output.video = RenderPlan.VideoEncoding(codec: .lossless)
        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)
        let pixels = try await Rendering.pixels(of: path)

        #expect(check == SeamCheck(frames: 1, seams: 0, decodedSeams: 0, audioSamples: nil))
        #expect(pixels.count == 64 * 48 * 3)
        let wanted: [UInt8] = [0xd0, 0x20, 0x40]
        let off = pixels.enumerated().map { abs(Int($1) - Int(wanted[$0 % 3])) }.max() ?? 255
        #expect(off <= 3)
    }

    @Test func `the list of encoders is read from FFmpeg`() async throws {
        let names = try await MediaEngine.underTest.encoders()

        #expect(names.isSuperset(of: ["libx264", "aac", "libx265", "libvpx-vp9", "prores_ks"]))
        #expect(!names.contains("=") && !names.contains("V....."))
    }

    @Test func `verification fails if an audio packet is missing`() async throws {
        var rendering = try await film(.mp3, .lossless, .mp3)
        rendering.plan.chunks = []
        let path = try await rendering.export()
        rendering.plan.frameCount += 3

        await #expect {
            try await rendering.engine.verify(path, against: rendering.plan)
        } throws: { ($0 as? FFmpegError)?.code == .verificationFailed }
    }
}
