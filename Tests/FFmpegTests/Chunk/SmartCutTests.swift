@testable import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Copying of video packets instead of encoding.
@Suite struct SmartCutTests {
    private static let rate = Rational(30_000, 1_001)

    // MARK: Packets

    private func table(_ packets: [(Int, Bool)]) -> PacketTable {
        let lines = packets.enumerated().map { index, packet in
            "0, \(index), \(packet.0 * 1_001), 1001, \(100 + index), 0x0"
                + (packet.1 ? "" : ", F=0x0") + ", S=1, 8"
        }
        return PacketTable(
            framecrc: "#tb 0: 1/30000\n" + lines.joined(separator: "\n"), zero: .zero,
            rate: Self.rate)
    }

    @Test func `a run begins at a keyframe and ends where no frame is missing`() {
        let packets = table([
            (0, true), (3, false), (1, false), (2, false), (4, true), (8, false), (6, false),
            (5, false), (7, false), (9, false), (13, false), (11, false), (10, false),
        ])

        // 5 to 8 are together once all of them exist.
        #expect(packets.run(inside: FrameRange(2, 9)) == .init(first: 4, count: 5, frame: 4))
        #expect(packets.run(inside: FrameRange(2, 10)) == .init(first: 4, count: 6, frame: 4))
        // 12 is missing, so the last whole run ends after 9.
        #expect(packets.run(inside: FrameRange(2, 14)) == .init(first: 4, count: 6, frame: 4))
        #expect(packets.run(inside: FrameRange(0, 8)) == .init(first: 0, count: 5, frame: 0))
        #expect(packets.run(inside: FrameRange(5, 14)) == nil)
    }

    @Test func `a copied run does not begin at an open GOP`() {
        let packets = table([
            (0, true), (1, false), (4, true), (2, false), (3, false), (5, false), (6, true),
            (7, false),
        ])

        #expect(packets.run(inside: FrameRange(1, 8)) == .init(first: 6, count: 2, frame: 6))
    }

    @Test func `seams close together are decoded in one run`() {
        let far = MediaEngine.ranges(around: [10, 100, 200], of: 202, near: 60)
        #expect(far == [FrameRange(7, 13), FrameRange(97, 103), FrameRange(197, 202)])

        let near = MediaEngine.ranges(around: [1, 60, 200], of: 400, near: 60)
        #expect(near == [FrameRange(0, 63), FrameRange(197, 203)])
        #expect(MediaEngine.ranges(around: [], of: 10, near: 60) == [])
    }

    // MARK: Rendering

    /// A camera file that fits the output, with B-frames and a keyframe every second.
    private func camera(
        _ name: String, in folder: String, more: [String] = [], seconds: Int = 8
    ) async throws -> String {
        let path = "\(folder)/\(name).mp4"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30000/1001:d=\(seconds)"]
                + ["-vf", "noise=alls=6:allf=t,hue=h=\(name.utf8.count * 40),format=yuv420p"]
                + ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "3"]
                + ["-sc_threshold", "0"]
                + ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
                + more + [path])
        return path
    }

    private func rendering(
        _ paths: [String], frameCount: Int, _ placements: [RenderPlan.Placement]
    ) async throws -> Rendering {
        var rendering = try await Rendering([], frameCount: frameCount)
        for (index, path) in paths.enumerated() {
            rendering.urls[index] = path
            rendering.plan.sources.append(
                RenderPlan.Source(
                    assetID: "\(index)", key: "\(index)", etag: "\(index)", bytes: 1,
                    media: try await rendering.engine.probe(url: path)))
        }
        rendering.plan.output.video = RenderPlan.VideoEncoding(codec: .h264, preset: "ultrafast")
        rendering.plan.output.video.copiesUntouched = true
        rendering.plan.layers = [RenderPlan.Layer(placements: placements)]
        return rendering
    }

    private func cut(_ source: Int, _ start: Int, _ end: Int, from frame: Int)
        -> RenderPlan.Placement
    {
        RenderPlan.Placement(
            source: source, frames: FrameRange(start, end),
            sourceStart: Rational(frame) / Self.rate, box: .init(width: 320, height: 180))
    }

    @Test func `most frames of a multicam cut are copied, each the requested one`()
        async throws
    {
        let folder = NSTemporaryPath.make("spool-smart")
        let paths = [
            try await camera("one", in: folder),
            try await camera("other", in: folder, more: ["-profile:v", "main", "-bf", "2"]),
        ]
        let placements = [
            cut(0, 0, 70, from: 7), cut(1, 70, 150, from: 100), cut(0, 150, 240, from: 60),
        ]
        let rendering = try await rendering(paths, frameCount: 240, placements)
        let path = rendering.chunkPath(FrameRange(0, 240))

        let report = try await rendering.engine.renderChunk(
            FrameRange(0, 240), of: rendering.plan, sourceURLs: rendering.urls, to: path)

        // Heads to the next keyframe: 23, 20 and 0; tails below four each.
        #expect(report.encodedBecause == nil)
        #expect(report.copiedFrames >= 240 - 23 - 20 - 9)
        let found = try await Rendering.frameHashes(of: path)
        #expect(found.count == 240)
        var same = 0
        for placement in placements {
            let source = try await Rendering.frameHashes(of: paths[placement.source ?? 0])
            let first = (placement.sourceStart * Self.rate).rounded
            for index in 0..<placement.frames.count
            where found[placement.frames.start + index] == source[first + index] { same += 1 }
        }
        // Copied frames decode to the source's frames.
        #expect(same == report.copiedFrames)
    }

    /// Matroska counts milliseconds, in which not every frame time is a whole number.
    @Test func `a source that counts milliseconds is copied onto the frames' ticks`()
        async throws
    {
        let folder = NSTemporaryPath.make("spool-smart")
        let film = try await camera("one", in: folder)
        let path = "\(folder)/one.mkv"
        try await runFFmpeg(["-i", film, "-c", "copy", path])
        let rendering = try await rendering(
            [path, film], frameCount: 160, [cut(0, 0, 80, from: 7), cut(1, 80, 160, from: 40)])
        let chunk = rendering.chunkPath(FrameRange(0, 160))

        let report = try await rendering.engine.renderChunk(
            FrameRange(0, 160), of: rendering.plan, sourceURLs: rendering.urls, to: chunk)

        #expect(report.encodedBecause == nil)
        #expect(report.copiedFrames >= 160 - 23 - 20 - 6)
        let found = try await Rendering.frameHashes(of: chunk)
        let source = try await Rendering.frameHashes(of: film)
        let wanted = source[7..<87] + source[40..<120]
        #expect(zip(found, wanted).count { $0 == $1 } == report.copiedFrames)
    }

    @Test func `chunks with copied packets pass verification after a stitch`() async throws {
        let folder = NSTemporaryPath.make("spool-smart")
        let path = try await camera("one", in: folder)
        var rendering = try await rendering(
            [path], frameCount: 200, [cut(0, 0, 100, from: 5), cut(0, 100, 200, from: 40)])
        rendering.plan.chunks = [FrameRange(0, 90), FrameRange(90, 200)]
        var chunks: [String] = []
        for range in rendering.plan.chunks {
            let chunk = rendering.chunkPath(range)
            let report = try await rendering.engine.renderChunk(
                range, of: rendering.plan, sourceURLs: rendering.urls, to: chunk)
            #expect(report.copiedFrames > 0, "\(report.encodedBecause ?? "")")
            chunks.append(chunk)
        }
        let film = "\(rendering.folder)/film.mp4"
        _ = try await rendering.engine.stitch(
            rendering.plan, chunkURLs: chunks, audioURLs: [], to: film,
            scratch: rendering.folder)

        let check = try await rendering.engine.verify(film, against: rendering.plan)

        #expect(check == SeamCheck(frames: 200, seams: 1, decodedSeams: 1, audioSamples: nil))
        try await runFFmpeg(["-xerror", "-i", film, "-f", "null", "-"])
    }

    @Test func `a chunk that cannot be copied is encoded with a reason`() async throws {
        let folder = NSTemporaryPath.make("spool-smart")
        let path = try await camera("one", in: folder)
        let open = try await camera(
            "open", in: folder, more: ["-x264-params", "open-gop=1:bframes=3:b-adapt=0"])
        func reason(_ path: String, _ change: (inout RenderPlan) -> Void) async throws -> String? {
            var rendering = try await rendering([path], frameCount: 60, [cut(0, 0, 60, from: 5)])
            change(&rendering.plan)
            rendering.plan.chunks = [FrameRange(0, 60)]
            let done = try await rendering.engine.renderChunk(
                FrameRange(0, 60), of: rendering.plan, sourceURLs: rendering.urls,
                to: rendering.chunkPath(FrameRange(0, 60))
            ).encodedBecause
            // The plan gives the same reason, unless only the packets show it.
            let planned = try #require(rendering.plan.expectedRenderings?.first)
            #expect(planned.kind == (done == nil || path == open ? .copy : .encode))
            if planned.kind == .encode { #expect(planned.because == done) }
            return done
        }

        #expect(try await reason(path) { _ in } == nil)
        #expect(
            try await reason(path) { $0.layers[0].placements[0].speed = Rational(1, 2) }
                == "the clip has another speed")
        #expect(
            try await reason(path) { $0.output.frameRate = Rational(25) }
                == "the source has another frame rate")
        #expect(
            try await reason(path) {
                $0.layers.append(
                    RenderPlan.Layer(placements: [
                        RenderPlan.Placement(
                            picture: .color("ffffff"), frames: FrameRange(50, 55),
                            box: .init(width: 40, height: 40))
                    ]))
            } == "another layer covers the clip")
        #expect(try await reason(open) { _ in } != nil)
    }
}
