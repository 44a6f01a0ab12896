@testable import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Synchronization
import Testing
import TestSupport

/// The salvaged frames of a cancelled render are exact, and the rest continues after them.
@Suite struct SalvagedFramesTests {
    private func rendering(
        _ codec: RenderPlan.VideoEncoding.Codec
    ) async throws -> Rendering {
        var rendering = try await Rendering([.ntsc], frameCount: 120)
        rendering.plan.output.video = RenderPlan.VideoEncoding(
            codec: codec, crf: 30, preset: codec == .lossless ? "ultrafast" : "veryfast")
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 120), box: rendering.full)
            ])
        ]
        return rendering
    }

    private func hashes(_ rendering: Rendering, _ frames: FrameRange) async throws -> [String] {
        let path = rendering.chunkPath(frames)
        _ = try await rendering.engine.renderChunk(
            frames, of: rendering.plan, sourceURLs: rendering.urls, to: path)
        return try await Rendering.frameHashes(of: path)
    }

    @Test func `the first frames of a cancelled run are salvaged`() async throws {
        var rendering = try await rendering(.lossless)
        rendering.plan.output.frameRate = Rational(8)
        let (plan, engine) = (rendering.plan, rendering.engine)
        let urls = rendering.urls
        let whole = FrameRange(0, 50)
        let path = rendering.chunkPath(whole)
        let expected = try await hashes(rendering, whole)
        let bytes = FileSystem.size(of: path)
        // A run may end inside its first fragment, which leaves no whole frame.
        for _ in 0..<5 {
            FileSystem.remove(path)
            let task = Task {
                try await engine.renderChunk(whole, of: plan, sourceURLs: urls, to: path)
            }
            try await eventually("a quarter of the chunk") {
                FileSystem.size(of: path) >= bytes / 4
            }
            task.cancel()
            _ = await task.result
            guard let part = try await engine.salvagedFrames(of: whole, in: plan, at: path) else {
                continue
            }

            #expect(part.bytes == FileSystem.size(of: path))
            let kept = try await Rendering.frameHashes(of: path)
            #expect(kept == Array(expected[..<part.frames]))
            return
        }
        Issue.record("no frames could be salvaged from five cancelled runs")
    }

    @Test(arguments: [
        RenderPlan.VideoEncoding.Codec.lossless, .h264, .hevc, .vp9, .av1, .prores,
    ])
    func `a truncated chunk holds its first frames and no others`(
        codec: RenderPlan.VideoEncoding.Codec
    ) async throws {
        var rendering = try await rendering(codec)
        // A keyframe every five seconds is every 40 frames at eight frames a second.
        rendering.plan.output.frameRate = Rational(8)
        let whole = FrameRange(0, 50)
        let expected = try await hashes(rendering, whole)
        #expect(expected.count == 50)
        let file = try Data(contentsOf: URL(filePath: rendering.chunkPath(whole)))
        var counts: Set<Int> = []
        for share in [3, 30, 45, 60, 75, 90, 99, 100] {
            let path = "\(rendering.folder)/cut-\(share).\(codec == .prores ? "mov" : "mp4")"
            try file.prefix(file.count * share / 100).write(to: URL(filePath: path))
            let part = try await rendering.engine.salvagedFrames(
                of: whole, in: rendering.plan, at: path)
            guard let part else { continue }
            counts.insert(part.frames)
            #expect(
                try await Rendering.frameHashes(of: path) == Array(expected[..<part.frames]),
                "\(share) %")
        }
        #expect(counts.contains(50))
        #expect(counts.count > 1, "\(counts)")
    }

    @Test func `salvaged frames and their rest pass verification as one file`()
        async throws
    {
        var rendering = try await rendering(.h264)
        rendering.plan.output.format = .mp4
        rendering.plan.output.audio.codec = .aac
        rendering.plan.output.frameRate = Rational(8)
        rendering.plan.frameCount = 50
        let whole = FrameRange(0, 50)
        _ = try await hashes(rendering, whole)
        let file = try Data(contentsOf: URL(filePath: rendering.chunkPath(whole)))
        let path = "\(rendering.folder)/part.mp4"
        try file.prefix(file.count * 95 / 100).write(to: URL(filePath: path))
        let part = try #require(
            try await rendering.engine.salvagedFrames(of: whole, in: rendering.plan, at: path))
        let rest = FrameRange(part.frames, 50)
        _ = try await hashes(rendering, rest)

        rendering.plan.chunks = [FrameRange(0, part.frames), rest]
        let film = "\(rendering.folder)/film.mp4"
        let audio = try await rendering.renderAudioPiece()
        _ = try await rendering.engine.stitch(
            rendering.plan, chunkURLs: [path, rendering.chunkPath(rest)], audioURLs: audio,
            to: film, scratch: rendering.folder)

        let check = try await rendering.engine.verify(film, against: rendering.plan)
        #expect(check.frames == 50)
        #expect(check.decodedSeams == 1)
    }
}
