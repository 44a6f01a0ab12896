@testable import EditFormats
import JSON
@testable import MediaTime
@testable import Planning
@testable import RenderPlans
import Testing
import TestSupport

/// Memory and disk of a chunk, and finer cuts where they are too much.
@Suite struct ChunkResourcesTests {
    /// Clips of one second, end to end, of sources of that size.
    private func film(
        clips: Int, of size: (Int, Int), to output: (Int, Int) = (1920, 1080),
        chunks: [FrameRange], preset: String = "veryfast"
    ) -> RenderPlan {
        let media = MediaInfo(
            kind: .video, format: "mov,mp4,m4a,3gp,3g2,mj2", durationMicroseconds: 60_000_000,
            video: MediaInfo.Video(
                codec: "h264", width: size.0, height: size.1, frameRate: Rational(30),
                pixelFormat: "yuv420p"))
        var settings = RenderPlan.OutputSettings(
            width: output.0, height: output.1, frameRate: Rational(30))
        settings.video.preset = preset
        let source = RenderPlan.Source(
            assetID: "a", key: "a", etag: "a", bytes: 1, media: media)
        let placements = (0..<clips).map {
            RenderPlan.Placement(
                source: 0, frames: FrameRange($0 * 30, $0 * 30 + 30),
                box: .init(width: output.0, height: output.1))
        }
        return RenderPlan(
            output: settings, frameCount: clips * 30, sources: [source],
            layers: [RenderPlan.Layer(placements: placements)], audio: [], chunks: chunks)
    }

    @Test(arguments: [
        // Measured with FFmpeg 5.1, in MB.
        (1, (1920, 1080), (1920, 1080), "veryfast", 231.0),
        (1, (3840, 2160), (3840, 2160), "veryfast", 697),
        (1, (3840, 2160), (1920, 1080), "veryfast", 314),
        (20, (3840, 2160), (1920, 1080), "veryfast", 2_318),
        (20, (1920, 1080), (1920, 1080), "veryfast", 797),
        (1, (640, 360), (640, 360), "veryfast", 80),
        (1, (3840, 2160), (3840, 2160), "slow", 1_730),
    ])
    func `the memory estimate is near the measured values`(
        clips: Int, size: (Int, Int), output: (Int, Int), preset: String, measured: Double
    ) {
        let frames = FrameRange(0, clips * 30)
        let plan = film(clips: clips, of: size, to: output, chunks: [frames], preset: preset)

        let estimate = ChunkResources.megabytes(of: frames, in: plan)

        #expect((0.9...1.3).contains(estimate / measured), "\(estimate)")
    }

    @Test func `a chunk of many large sources is cut at their edges`() throws {
        let chunks = [FrameRange(0, 900), FrameRange(900, 960)]
        let plan = film(clips: 32, of: (3840, 2160), chunks: chunks)

        let bounded = try #require(ChunkResources.bounded(plan, memoryMegabytes: 3_008))

        #expect(bounded.count > chunks.count)
        #expect(bounded.first?.start == 0 && bounded.last == chunks[1])
        #expect(zip(bounded, bounded.dropFirst()).allSatisfy { $0.end == $1.start })
        #expect(bounded.allSatisfy { $0.start % 30 == 0 && !$0.isEmpty })
        #expect(bounded.allSatisfy { ChunkResources.megabytes(of: $0, in: plan) <= 0.8 * 3_008 })
    }

    @Test func `a chunk that fits is kept and one that never fits is reported`() {
        let chunks = [FrameRange(0, 300), FrameRange(300, 600)]
        let plan = film(clips: 20, of: (1920, 1080), chunks: chunks)

        #expect(ChunkResources.bounded(plan, memoryMegabytes: 3_008) == chunks)
        #expect(ChunkResources.bounded(plan, memoryMegabytes: 200) == nil)
    }

    @Test func `chunks of large files stay inside the disk`() {
        var planner = ChunkPlanner()
        planner.diskMegabytes = 512
        let pixels = 3840 * 2160

        let chunks = planner.chunks(
            frameCount: 3_600, frameRate: Rational(60), clipEdges: [], pixelsPerFrame: pixels,
            bytesPerPixel: ChunkResources.bytesPerPixel(.prores))

        let largest = chunks.map(\.count).max() ?? 0
        #expect(Double(largest * pixels) * 0.35 <= 0.3 * 512e6)
    }

    @Test func `an edit too large for a renderer is cut finer or refused`()
        throws
    {
        let json = #"{"timeline":{"tracks":[{"clips":[\#(clip),\#(clip),\#(clip)]}]},"output":{}}"#
        var planner = ChunkPlanner(concurrency: 1)
        planner.memoryMegabytes = 128
        #expect {
            try plan(json, planner: planner)
        } throws: { error in
            (error as? EditFaults)?.faults.map(\.pointer) == ["/output"]
        }
        let free = try plan(json)
        planner.memoryMegabytes = 300
        let bounded = try plan(json, planner: planner)
        #expect(bounded.chunks.count > free.chunks.count)
    }

    private let clip = #"{"asset":{"type":"video","assetId":"ast_1"},"length":2}"#
}
