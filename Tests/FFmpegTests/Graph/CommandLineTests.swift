import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Whole command lines, compared with the files of `Tests/Golden/commands`.
@Suite struct CommandLineTests {
    typealias Video = RenderPlan.VideoEncoding.Codec
    typealias Audio = RenderPlan.AudioEncoding.Codec
    typealias Format = RenderPlan.OutputFormat

    private let recorded = RecordedFFmpeg()

    private func plan(_ video: Video, _ audio: Audio, _ format: Format = .mp4) -> RenderPlan {
        var plan = RenderPlan.filmWithLogo
        plan.output.format = format
        plan.output.video = RenderPlan.VideoEncoding(
            codec: video, crf: video.defaultCRF, preset: "veryfast")
        plan.output.audio.codec = audio
        plan.chunks = [FrameRange(0, 130), FrameRange(130, 300)]
        return plan
    }

    private func chunk(_ plan: RenderPlan) async throws -> String {
        try await recorded.text { engine in
            _ = try await engine.renderChunk(
                FrameRange(130, 230), of: plan,
                sourceURLs: [0: "/f.mp4", 1: "https://store/l.png?x=1"],
                to: "\(recorded.folder)/chunk")
        }
    }

    @Test(arguments: Video.allCases)
    func `a chunk is encoded with the options of its codec`(codec: Video) async throws {
        expectGolden(
            try await chunk(plan(codec, .aac)), "commands/chunk-\(codec.rawValue).txt")
    }

    @Test(
        arguments: RenderPlan.VideoEncoding.Encoder.hardware,
        [Video.h264, Video.hevc])
    func `a chunk is encoded with the options of its hardware encoder`(
        encoder: RenderPlan.VideoEncoding.Encoder, codec: Video
    ) async throws {
        var plan = plan(codec, .aac)
        plan.output.video.encoder = encoder

        expectGolden(
            try await chunk(plan), "commands/chunk-\(codec.rawValue)-\(encoder.rawValue).txt")
    }

    @Test func `a hardware encoder that FFmpeg does not list is not tried`() async throws {
        var video = RenderPlan.VideoEncoding()
        let text = try await recorded.text { engine in
            for encoder in RenderPlan.VideoEncoding.Encoder.hardware {
                video.encoder = encoder
                let isPresent = try await engine.canEncode(video)
                #expect(!isPresent)
            }
        }

        #expect(text.split(separator: "\n").count { $0.contains("-encoders") } == 1)
    }

    @Test func `a ceiling limits the bit rate of a chunk`() async throws {
        var plan = plan(.h264, .aac)
        plan.output.video.ceiling = .init(kilobitsPerSecond: 4_000, bufferKilobits: 8_000)

        expectGolden(try await chunk(plan), "commands/chunk-ceiling.txt")
    }

    @Test func `a proxy's chunk has its keyframes at a fixed distance`() async throws {
        var plan = plan(.h264, .aac)
        plan.output.video.keyframeDistance = 14

        expectGolden(try await chunk(plan), "commands/chunk-proxy.txt")
    }

    @Test(arguments: ["peaks", "encoded", "copied"])
    func `audio is read once for its peaks and its M4A`(name: String) async throws {
        let path = "\(recorded.folder)/audio.m4a"
        let file: MediaEngine.AudioFile? =
            name == "encoded"
            ? .encoded(path: path) : name == "copied" ? .copied(path: path) : nil
        var media = RenderPlan.filmWithLogo.sources[0].media
        media.startMicroseconds = 1_400_000
        let text = try await recorded.text { engine in
            _ = try await engine.readAudio(
                url: "https://store/f.mkv?signature=1", media: media, writing: file)
        }

        expectGolden(text, "commands/read-audio-\(name).txt")
    }

    @Test func `thumbnails are taken from keyframes alone`() async throws {
        let grid = ThumbnailGrid(duration: Rational(700), width: 960, height: 540)
        let text = try await recorded.text { engine in
            _ = try await engine.thumbnails(
                of: "https://store/proxy.mp4?signature=1", grid, in: recorded.folder)
        }

        expectGolden(text, "commands/thumbnails.txt")
    }

    @Test(arguments: Audio.allCases)
    func `audio is encoded with the options of its codec`(codec: Audio) async throws {
        let text = try await recorded.text { engine in
            _ = try await engine.renderAudio(
                of: plan(.h264, codec), sourceURLs: [0: "/f.mp4"],
                to: "\(recorded.folder)/audio")
        }

        expectGolden(text, "commands/audio-\(codec.rawValue).txt")
    }

    @Test func `an audio piece keeps only its packets`() async throws {
        var plan = plan(.h264, .aac)
        plan.audioPieces = [AudioFrameRange(0, 200), AudioFrameRange(200, 470)]
        let text = try await recorded.text { engine in
            _ = try await engine.renderAudio(
                AudioFrameRange(200, 470), of: plan, sourceURLs: [0: "/f.mp4"],
                to: "\(recorded.folder)/audio")
        }

        expectGolden(text, "commands/audio-piece.txt")
    }

    struct Stitch: Sendable, CustomTestStringConvertible {
        var name: String
        var format: Format
        var video: Video
        var audio: Audio
        /// Size of the chunks and the audio together.
        var bytes = 0
        /// Audio frame at which the second audio piece begins; nil for one file of audio.
        var pieceStart: Int?
        var testDescription: String { name }
    }

    static let stitches = [
        Stitch(name: "mp4", format: .mp4, video: .h264, audio: .aac),
        Stitch(name: "mp4-hevc", format: .mp4, video: .hevc, audio: .aac),
        Stitch(name: "mp4-large", format: .mp4, video: .h264, audio: .aac, bytes: 1 << 30),
        Stitch(name: "mp4-pieces", format: .mp4, video: .h264, audio: .aac, pieceStart: 200),
        Stitch(name: "mov", format: .mov, video: .prores, audio: .pcm24),
        Stitch(name: "webm", format: .webm, video: .vp9, audio: .opus),
        Stitch(name: "m4a", format: .m4a, video: .lossless, audio: .aac),
        Stitch(name: "mp3", format: .mp3, video: .lossless, audio: .mp3),
        Stitch(name: "wav", format: .wav, video: .lossless, audio: .pcm16),
        Stitch(name: "gif", format: .gif, video: .lossless, audio: .aac),
        Stitch(name: "png", format: .png, video: .lossless, audio: .aac),
        Stitch(name: "jpg", format: .jpg, video: .lossless, audio: .aac),
    ]

    @Test(arguments: stitches)
    func `a stitch copies packets, or encodes lossless chunks`(stitch: Stitch) async throws {
        var plan = plan(stitch.video, stitch.audio, stitch.format)
        if !stitch.format.hasPicture { plan.chunks = [] }
        plan.audioPieces = stitch.pieceStart.map {
            [AudioFrameRange(0, $0), AudioFrameRange($0, 470)]
        }
        let audio = (plan.audioPieces?.indices ?? 0..<1).map { "/audio-\($0)" }
        let text = try await recorded.text { engine in
            _ = try await engine.stitch(
                plan, chunkURLs: plan.chunks.indices.map { "https://store/chunk-\($0)" },
                audioURLs: stitch.format.hasAudio ? audio : [], bytes: stitch.bytes,
                to: "\(recorded.folder)/out", scratch: recorded.folder)
        }

        expectGolden(text, "commands/stitch-\(stitch.name).txt")
    }

    @Test(arguments: [("local", "/f.mp4"), ("remote", "https://store/f.mp4?signature=1")])
    func `a probe opens only allowed formats and protocols`(
        name: String, url: String
    ) async throws {
        let text = try await recorded.text { _ = try await $0.probe(url: url) }

        expectGolden(text, "commands/probe-\(name).txt")
    }

    @Test func `a poster is the frame at a tenth of the duration`() async throws {
        let text = try await recorded.text { engine in
            _ = try await engine.poster(
                url: "/f.mp4", media: RenderPlan.filmWithLogo.sources[0].media,
                to: "\(recorded.folder)/poster.jpg")
        }

        expectGolden(text, "commands/poster.txt")
    }

    @Test func `extracted audio is copied with all its timestamps`() async throws {
        let text = try await recorded.text { engine in
            _ = try await engine.extractAudio(
                url: "/f.mp4", media: RenderPlan.filmWithLogo.sources[0].media,
                to: "\(recorded.folder)/audio.m4a")
        }

        expectGolden(text, "commands/extract-audio.txt")
    }

    @Test func `the folder commands holds the files that this suite reads`() throws {
        let names =
            Video.allCases.map { "chunk-\($0.rawValue)" } + ["chunk-ceiling", "chunk-proxy"]
            + RenderPlan.VideoEncoding.Encoder.hardware.flatMap { encoder in
                [Video.h264, .hevc].map { "chunk-\($0.rawValue)-\(encoder.rawValue)" }
            }
            + Audio.allCases.map { "audio-\($0.rawValue)" } + ["audio-piece"]
            + Self.stitches.map { "stitch-\($0.name)" }
            + ["probe-local", "probe-remote", "poster", "extract-audio", "thumbnails"]
            + ["peaks", "encoded", "copied"].map { "read-audio-\($0)" }

        #expect(try Golden.files(in: "commands") == Set(names.map { "commands/\($0).txt" }))
    }
}
