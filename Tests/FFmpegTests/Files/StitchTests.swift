import ChildProcess
@testable import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct StitchTests {
    /// Two clips with audio, 120 frames in five chunks.
    private func film(
        rate: Rational, codec: RenderPlan.AudioEncoding.Codec
    ) async throws -> Rendering {
        var rendering = try await Rendering([.ntsc, .pal], frameCount: 120, rate: rate)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 70), sourceStart: Rational(1),
                    box: rendering.full),
                RenderPlan.Placement(source: 1, frames: FrameRange(70, 120), box: rendering.full),
            ])
        ]
        rendering.plan.output.video = RenderPlan.VideoEncoding(crf: 30, preset: "ultrafast")
        rendering.plan.output.format = codec == .aac ? .mp4 : .mov
        rendering.plan.output.audio.codec = codec
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(
                source: 0, startSample: 0, endSample: 50_000, sourceStart: Rational(1)),
            RenderPlan.AudioPlacement(source: 1, startSample: 60_000, endSample: 100_000),
        ]
        rendering.plan.chunks = Rendering.ranges([0, 31, 62, 70, 71, 120])
        return rendering
    }

    @Test(
        arguments: [
            Rational(30_000, 1_001), Rational(24_000, 1_001), Rational(60_000, 1_001),
            Rational(25), Rational(30),
        ])
    func `a stitched film has every frame at its time and its whole audio`(
        rate: Rational
    ) async throws {
        let rendering = try await film(rate: rate, codec: .aac)

        let path = try await rendering.export()
        let check = try await rendering.engine.verify(path, against: rendering.plan)

        #expect(
            check
                == SeamCheck(
                    frames: 120, seams: 4, decodedSeams: 4,
                    audioSamples: rendering.plan.sampleCount))
    }

    /// Type and size of each top-level box of the file.
    private func boxes(_ path: String) throws -> [(type: String, bytes: Int)] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var boxes: [(type: String, bytes: Int)] = []
        var place = 0
        while place + 8 <= bytes.count {
            let size = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
            boxes.append((String(decoding: bytes[(place + 4)..<(place + 8)], as: UTF8.self), size))
            guard size >= 8 else { break }
            place += size
        }
        return boxes
    }

    @Test(arguments: [RenderPlan.AudioEncoding.Codec.aac, .pcm])
    func `a large film is written once with its index in front`(
        codec: RenderPlan.AudioEncoding.Codec
    ) async throws {
        let rendering = try await film(rate: Rational(25), codec: codec)

        let small = try await rendering.export()
        let large = try await rendering.export(bytes: MediaEngine.largeFileBytes)

        let (moved, index) = (try boxes(small), try boxes(large))
        // 8 bytes are reserved before the media, for a size above 4 GiB.
        let spare = codec == .aac ? "free" : "wide"
        #expect(moved.map(\.type) == ["ftyp", "moov", spare, "mdat"])
        #expect(index.map(\.type) == ["ftyp", "moov", "free", spare, "mdat"])
        // The only free box is the unused room of the index.
        #expect((8...80_000).contains(index[2].bytes))
        #expect(moved[3].bytes == index[4].bytes)
        _ = try await rendering.engine.verify(large, against: rendering.plan)
        #expect(
            try await Rendering.frameHashes(of: large) == Rendering.frameHashes(of: small))
        #expect(try await Rendering.samples(of: large) == Rendering.samples(of: small))
    }

    @Test func `an index larger than its reserved room is moved to the front`() async throws {
        let rendering = try await film(rate: Rational(25), codec: .aac)
        let film = try await rendering.export()
        let path = "\(rendering.folder)/again.mp4"

        let report = try await rendering.engine.join(
            rendering.plan, ["-i", film, "-c", "copy"], indexBytes: 400, to: path)

        #expect(report.frames == 120)
        #expect(try boxes(path).map(\.type).prefix(2) == ["ftyp", "moov"])
    }

    @Test func `stitched audio has the rendered samples`() async throws {
        let rendering = try await film(rate: Rational(25), codec: .pcm)

        let path = try await rendering.export()

        let joined = try await Rendering.samples(of: path)
        let rendered = try await rendering.renderedAudio()
        #expect(joined.count == rendering.plan.sampleCount * 2)
        #expect(same(joined, rendered))
    }

    @Test func `verification fails if a frame is missing`() async throws {
        let rendering = try await film(rate: Rational(25), codec: .aac)
        let path = try await rendering.export()
        var longer = rendering.plan
        longer.frameCount += 1

        await #expect {
            try await rendering.engine.verify(path, against: longer)
        } throws: { error in
            (error as? FFmpegError)?.detail
                == "Frame 120 is missing: the file has 120 of 121 frames."
        }
    }
}
