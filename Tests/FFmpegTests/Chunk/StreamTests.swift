import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Remuxing of rendered units into files of an HLS stream.
@Suite struct StreamTests {
    private func film(_ codec: RenderPlan.VideoEncoding.Codec) async throws -> Rendering {
        var rendering = try await Rendering([.ntsc], frameCount: 150)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(source: 0, frames: FrameRange(0, 150), box: rendering.full)
            ])
        ]
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 240_240)
        ]
        rendering.plan.output.format = .mp4
        rendering.plan.output.video = RenderPlan.VideoEncoding(codec: codec, preset: "veryfast")
        rendering.plan.output.audio.codec = .aac
        rendering.plan.chunks = Rendering.ranges([0, 40, 41, 150])
        return rendering
    }

    /// The stream as a player joins it: the initialisation section of the first file and
    /// the fragments of all.
    private func joined(_ rendering: Rendering, _ units: [FrameRange?]) async throws -> String {
        var stream = Data()
        for unit in units {
            let source: String
            if let unit {
                source = rendering.chunkPath(unit)
                _ = try await rendering.engine.renderChunk(
                    unit, of: rendering.plan, sourceURLs: rendering.urls, to: source)
            } else {
                source = "\(rendering.folder)/audio.m4a"
                _ = try await rendering.engine.renderAudio(
                    of: rendering.plan, sourceURLs: rendering.urls, to: source)
            }
            let path = "\(source).piece.mp4"
            let piece = try await rendering.engine.streamPiece(
                unit, of: rendering.plan, url: source, to: path)
            let bytes = try Data(contentsOf: URL(filePath: path))
            #expect(
                piece.fragments.reduce(piece.initialisationBytes) { $0 + $1.bytes } == bytes.count)
            stream += stream.isEmpty ? bytes : bytes.dropFirst(piece.initialisationBytes)
        }
        let path = "\(rendering.folder)/stream-\(units.count).mp4"
        try stream.write(to: URL(filePath: path))
        return path
    }

    @Test(arguments: [RenderPlan.VideoEncoding.Codec.h264, .hevc, .av1])
    func `frame times of stream pieces are continuous`(
        codec: RenderPlan.VideoEncoding.Codec
    ) async throws {
        let rendering = try await film(codec)

        let path = try await joined(rendering, rendering.plan.chunks)
        let film = try await rendering.export()

        let lead = MediaEngine.streamLead(rendering.plan.output)
        let times = try await Rendering.frameTimes(of: path)
        #expect(lead == 2)
        #expect(times == (lead..<(150 + lead)).map { $0 * 1_001 })
        #expect(
            try await Rendering.frameHashes(of: path) == (try await Rendering.frameHashes(of: film))
        )
    }

    @Test func `streamed audio is that of the output, delayed by the same lead`() async throws {
        let rendering = try await film(.h264)

        let path = try await joined(rendering, [nil])
        let samples = try await Rendering.samples(of: path)
        let film = try await Rendering.samples(of: try await rendering.export())

        // One packet of AAC precedes the first sample; the number of samples after the
        // last one depends on the version of the decoder.
        let head = 2_048
        #expect(samples.count >= head + film.count)
        #expect(same(Array(samples.dropFirst(head).prefix(film.count)), film))
    }

    @Test func `a file without fragments is refused`() async throws {
        let rendering = try await film(.h264)

        await #expect(throws: FFmpegError.self) {
            try await rendering.engine.streamPiece(
                FrameRange(0, 10), of: rendering.plan, url: "/nowhere.mp4",
                to: "\(rendering.folder)/x.mp4")
        }
    }
}
