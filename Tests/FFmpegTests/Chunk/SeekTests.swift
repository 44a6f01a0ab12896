@testable import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// The first frame of a chunk is the requested one for any start.
@Suite struct SeekTests {
    @Test func `decoding begins as late as the reordering allows`() throws {
        func preroll(_ format: String, reordered: Int?, isConstant: Bool = true) -> Rational {
            PictureChain.preroll(
                MediaInfo(
                    kind: .video, format: format, durationMicroseconds: 1,
                    video: .init(
                        codec: "h264", width: 16, height: 16, frameRate: Rational(25),
                        isConstantFrameRate: isConstant, pixelFormat: "yuv420p",
                        reorderedFrames: reordered)))
        }

        #expect(preroll("mov,mp4", reordered: 2) == Rational(6, 25))
        #expect(preroll("mov,mp4", reordered: 0) == Rational(4, 25))
        // Older probe records do not state the reordering.
        #expect(preroll("mov,mp4", reordered: nil) == Rational(1, 2))
        #expect(preroll("mov,mp4", reordered: 2, isConstant: false) == Rational(3, 2))
        #expect(preroll("matroska,webm", reordered: 2) == Rational(1, 2))
        #expect(preroll("mpegts", reordered: 2) == Rational(3))
    }

    @Test(arguments: [
        "-c:v libx264 -bf 3 -g 24 -sc_threshold 0", "-c:v libx264 -bf 0 -g 12",
        "-c:v libx264 -bf 8 -b_strategy 0 -refs 5 -x264-params b-pyramid=normal -g 30",
        "-c:v libx264 -bf 3 -g 30 -x264-params open-gop=1:scenecut=0",
        "-c:v libx264 -bf 3 -g 30 -movflags +frag_keyframe+empty_moov",
        "-c:v libx264 -bf 3 -g 30 -use_editlist 0",
        "-c:v libx265 -x265-params log-level=error:keyint=30:bframes=4:b-adapt=0",
        "-c:v libx265 -x265-params log-level=error:keyint=30:open-gop=1:bframes=8:b-adapt=0",
    ])
    func `every frame is reached by a seek`(encoding: String) async throws {
        let path = "\(NSTemporaryPath.make("spool-seek"))/film.mp4"
        try await runFFmpeg(
            [
                "-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001:d=4,noise=alls=40:allf=t",
                "-crf", "12",
            ]
                + ["-preset", "superfast"] + encoding.split(separator: " ").map(String.init)
                + ["-pix_fmt", "yuv420p", path])
        var rendering = try await Rendering(
            files: [path], frameCount: 119, width: 64, height: 48, rate: Rational(30_000, 1_001))
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 119), box: rendering.full)
            ])
        ]
        #expect(rendering.plan.sources[0].media.video?.reorderedFrames != nil)
        let whole = try await rendering.frameHashes(cuts: [0, 119])
        #expect(Set(whole).count == 119)

        // Several chunks in one run, since only the seek is tested.
        let ranges = stride(from: 1, to: 117, by: 7).map { FrameRange($0, $0 + 1) }
        for first in stride(from: 0, to: ranges.count, by: 29) {
            let outputs = ranges[first..<min(first + 29, ranges.count)].map {
                ChunkOutput($0, of: rendering.plan, to: rendering.chunkPath($0))
            }
            _ = try await rendering.engine.renderChunks(
                outputs, sourceURLs: rendering.urls, progress: { _ in })
            for output in outputs {
                let found = try await Rendering.frameHashes(of: output.path)
                #expect(found == [whole[output.frames.start]], "frame \(output.frames.start)")
            }
        }
    }
}
