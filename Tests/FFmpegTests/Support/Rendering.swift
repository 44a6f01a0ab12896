import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import TestSupport

/// A plan over sample files, and the operations that tests run with it.
struct Rendering {
    let engine = MediaEngine.underTest
    let folder = NSTemporaryPath.make("spool-render")
    var plan: RenderPlan
    var urls: [Int: String] = [:]

    /// A lossless plan over sample files, without placements.
    init(
        _ samples: [SampleMedia.Sample], frameCount: Int, width: Int = 320, height: Int = 180,
        rate: Rational = Rational(30_000, 1_001), background: String = "204060"
    ) async throws {
        var paths: [String] = []
        for sample in samples { paths.append(try await SampleMedia.shared.path(sample)) }
        try await self.init(
            files: paths, frameCount: frameCount, width: width, height: height, rate: rate,
            background: background)
    }

    /// A lossless plan over other files.
    init(
        files: [String], frameCount: Int, width: Int, height: Int, rate: Rational,
        background: String = "000000"
    ) async throws {
        var sources: [RenderPlan.Source] = []
        for (index, path) in files.enumerated() {
            urls[index] = path
            let name = path.split(separator: "/").last.map(String.init) ?? path
            sources.append(
                RenderPlan.Source(
                    assetID: name, key: name, etag: "\"\(index)\"", bytes: 1,
                    media: try await engine.probe(url: path)))
        }
        plan = RenderPlan(
            output: RenderPlan.OutputSettings(
                format: .mov, width: width, height: height, frameRate: rate, background: background,
                video: RenderPlan.VideoEncoding(codec: .lossless, preset: "ultrafast"),
                audio: RenderPlan.AudioEncoding(codec: .pcm)),
            frameCount: frameCount, sources: sources, layers: [], audio: [],
            chunks: [FrameRange(0, frameCount)])
    }

    /// The full picture of the output.
    var full: RenderPlan.Box {
        RenderPlan.Box(width: plan.output.width, height: plan.output.height)
    }

    /// Renders each range and returns the MD5 of every frame, in order.
    func frameHashes(cuts: [Int]) async throws -> [String] {
        var hashes: [String] = []
        for range in Self.ranges(cuts) {
            let path = chunkPath(range)
            _ = try await engine.renderChunk(range, of: plan, sourceURLs: urls, to: path)
            hashes += try await Self.frameHashes(of: path)
        }
        return hashes
    }

    func chunkPath(_ range: FrameRange) -> String {
        "\(folder)/\(range.start)-\(range.end).\(chunkFileExtension(for: plan.output))"
    }

    static func ranges(_ cuts: [Int]) -> [FrameRange] {
        zip(cuts, cuts.dropFirst()).map { FrameRange($0, $1) }
    }

    /// MD5 of every decoded frame.
    static func frameHashes(of path: String, stream: String = "v") async throws -> [String] {
        let text = try await runFFmpeg(
            ["-i", path, "-map", "0:\(stream)", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: ",").last.map { String($0.drop { $0 == " " }) }
        }
    }

    /// The time of every frame in ticks of the file, in order.
    static func frameTimes(of path: String) async throws -> [Int] {
        let text = try await runFFmpeg(
            ["-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-copyts"]
                + ["-enc_time_base", "-1", "-f", "framemd5", "-"])
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.split(separator: ",").dropFirst(2).first
                .flatMap { Int($0.drop { $0 == " " }) }
        }
    }

    /// Red, green and blue of every pixel of a picture.
    static func pixels(of path: String) async throws -> [UInt8] {
        let raw = "\(path).rgb"
        try await runFFmpeg([
            "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", raw,
        ])
        return Array(try Data(contentsOf: URL(filePath: raw)))
    }

    /// All samples of the audio, interleaved.
    static func samples(of path: String) async throws -> [Float] {
        let raw = "\(path).f32"
        // Decoders differ in the last bit from one version to the next.
        try await runFFmpeg(
            ["-i", path, "-map", "0:a:0", "-f", "f32le", raw],
            executable: MediaEngine.configurationUnderTest.ffmpegPath)
        let bytes = try Data(contentsOf: URL(filePath: raw))
        return stride(from: 0, to: bytes.count - 3, by: 4).map { index in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << ($1 * 8) }
            return Float(bitPattern: bits)
        }
    }

    /// Renders every chunk and the audio, and stitches them.
    /// - Parameter bytes: Approximate size that is passed to the stitch.
    func export(bytes: Int = 0) async throws -> String {
        var chunks: [String] = []
        for range in plan.chunks {
            let path = chunkPath(range)
            _ = try await engine.renderChunk(range, of: plan, sourceURLs: urls, to: path)
            chunks.append(path)
        }
        let audio = try await renderAudioPiece()
        let path = "\(folder)/out-\(plan.chunks.count)-\(bytes).\(plan.output.format.rawValue)"
        let report = try await engine.stitch(
            plan, chunkURLs: chunks, audioURLs: audio, bytes: bytes, to: path, scratch: folder)
        guard report.frames == plan.pictureFrames.count else {
            throw CommandFailed(text: "\(report.frames) frames")
        }
        return path
    }

    /// Renders the whole audio or its pieces.
    /// - Returns: The paths; empty for an output without audio.
    func renderAudioPiece() async throws -> [String] {
        guard plan.output.format.hasAudio else { return [] }
        let pieces = plan.audioPieces.map { $0.map(Optional.some) } ?? [nil]
        var paths: [String] = []
        for (index, frames) in pieces.enumerated() {
            let path = "\(folder)/audio-\(index).\(audioFileExtension(for: plan.output))"
            _ = try await engine.renderAudio(frames, of: plan, sourceURLs: urls, to: path)
            paths.append(path)
        }
        return paths
    }

    /// Renders only the audio and returns its samples.
    func renderedAudio(urls: [Int: String]? = nil) async throws -> [Float] {
        let path = "\(folder)/audio-\(UUID().uuidString).mov"
        _ = try await engine.renderAudio(of: plan, sourceURLs: urls ?? self.urls, to: path)
        return try await Self.samples(of: path)
    }
}

extension MediaEngine {
    /// The system's FFmpeg, or the one that `SPOOL_FFMPEG` and
    /// `SPOOL_FFPROBE` name. Sample files are always made by the system's.
    static var underTest: MediaEngine { MediaEngine(configuration: configurationUnderTest) }

    static var configurationUnderTest: FFmpegConfiguration {
        let environment = ProcessInfo.processInfo.environment
        var configuration = FFmpegConfiguration()
        configuration.ffmpegPath = environment["SPOOL_FFMPEG"] ?? configuration.ffmpegPath
        configuration.ffprobePath = environment["SPOOL_FFPROBE"] ?? configuration.ffprobePath
        return configuration
    }
}

/// Equality of samples; a failure does not print all of them.
func same(_ one: [Float], _ other: [Float]) -> Bool { one == other }
