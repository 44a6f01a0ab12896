import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Whatever people upload: each file is probed, drawn and heard.
@Suite struct InputTests {
    private func file(_ input: Input) async throws -> String {
        let path = NSTemporaryPath.make("spool-input") + "/" + input.name
        // Debian's FFmpeg makes the file, whatever version is tested.
        try await runFFmpeg(input.make + ["-strict", "-2", path])
        if let change = input.change {
            let bytes = try #require(LocalFile.read(path))
            #expect(LocalFile.write(change(bytes), to: path))
        }
        return path
    }

    @Test(arguments: Input.all)
    func `a file is probed, drawn and heard`(input: Input) async throws {
        let path = try await file(input)
        let media = try await MediaEngine.underTest.probe(url: path)

        let codes = Set((media.warnings ?? []).map(\.code))
        let seconds = Double(media.durationMicroseconds) / 1_000_000
        #expect(media.kind == input.kind)
        #expect(codes == input.warnings, "\(media.warnings ?? [])")
        #expect(abs(seconds - input.seconds) < (codes.contains(.cutOff) ? 1 : 0.09), "\(seconds)")
        if let video = media.video {
            #expect(video.displaySize == input.size)
        }
        try await draw(input, path)
        try await hear(input, path, media)
    }

    private func draw(_ input: Input, _ path: String) async throws {
        if case .none = input.picture { return }
        if case .interlaced = input.picture { return try await deinterlace(input, path) }
        var rendering = try await Rendering(
            files: [path], frameCount: 3, width: 64, height: 64, rate: Rational(25),
            background: "00ff00")
        let fit: RenderPlan.Fit = if case .turned = input.picture { .cover } else { .contain }
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 3), fit: fit, box: rendering.full)
            ])
        ]
        let chunk = rendering.chunkPath(FrameRange(0, 3))
        let report = try await rendering.engine.renderChunk(
            FrameRange(0, 3), of: rendering.plan, sourceURLs: rendering.urls, to: chunk)

        #expect(report.frames == 3)
        let pixels = try await Rendering.pixels(of: chunk)
        func near(_ x: Int, _ y: Int, _ color: String) -> Bool {
            let colors = [
                "red": [255, 0, 0], "lime": [0, 255, 0], "blue": [0, 0, 255],
                "white": [255, 255, 255],
            ]
            let place = 3 * (y * 64 + x)
            return (0..<3).allSatisfy {
                abs(Int(pixels[place + $0]) - (colors[color]?[$0] ?? 0)) < 40
            }
        }
        switch input.picture {
        case .transparent:
            #expect(near(4, 12, "lime"))
            #expect(near(32, 32, "red"))
        case .turned(let left, let right):
            #expect(near(16, 16, left))
            #expect(near(48, 16, right))
        case .opaque: #expect(!near(4, 32, "lime"))
        case .interlaced, .none: break
        }
    }

    /// The first frame has far less detail between neighbouring lines than the woven fields.
    private func deinterlace(_ input: Input, _ path: String) async throws {
        var rendering = try await Rendering(
            files: [path], frameCount: 3, width: input.size.width, height: input.size.height,
            rate: Rational(25))
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 3), fit: .contain, box: rendering.full)
            ])
        ]
        let chunk = rendering.chunkPath(FrameRange(0, 3))
        _ = try await rendering.engine.renderChunk(
            FrameRange(0, 3), of: rendering.plan, sourceURLs: rendering.urls, to: chunk)
        func combs(_ path: String) async throws -> Int {
            let pixels = try await Rendering.pixels(of: path)
            let line = 3 * input.size.width
            return stride(from: 0, to: pixels.count - 2 * line, by: 7).reduce(0) { sum, place in
                let (above, middle) = (Int(pixels[place]), Int(pixels[place + line]))
                return sum + abs(above - 2 * middle + Int(pixels[place + 2 * line]))
            }
        }
        let (ours, woven) = (try await combs(chunk), try await combs(path))
        #expect(ours * 10 < woven * 9, "\(ours) of \(woven)")
    }

    private func hear(_ input: Input, _ path: String, _ media: MediaInfo) async throws {
        guard media.audio != nil else { return }
        var rendering = try await Rendering(
            files: [path], frameCount: 10, width: 64, height: 64, rate: Rational(25))
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 19_200)
        ]
        let mixed = rendering.folder + "/mixed." + audioFileExtension(for: rendering.plan.output)
        _ = try await rendering.engine.renderAudio(
            of: rendering.plan, sourceURLs: rendering.urls, to: mixed)
        #expect(try await Rendering.samples(of: mixed).count == 2 * 19_200)
    }

    @Test(arguments: [
        ("track-1-spatial.mov", 1), ("track-2-spatial.mov", nil), ("second-by-default.mkv", 1),
    ])
    func `the track that plays can be decoded and is the default`(
        name: String, ordinal: Int?
    ) async throws {
        let input = try #require(Input.all.first { $0.name == name })

        let media = try await MediaEngine.underTest.probe(url: try await file(input))

        #expect(media.audio?.ordinal == ordinal)
        #expect(media.audioTracks?.count == 2)
    }

    @Test(arguments: [
        ("photo.heic", "\0\0\0\u{18}ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("scan.pdf", "%PDF-1.7\n", "PDF"), ("drawing.svg", "<svg xmlns='x'/>", "SVG"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-VERSION:3\n", "playlist"),
        ("moving.webp", "RIFF\u{10}\0\0\0WEBPVP8X\u{a}\0\0\0\u{2}\0\0\0", "animated WebP"),
        ("document.docx", "PK\u{3}\u{4}\u{14}\0", "ZIP"),
    ])
    func `a file that is not accepted is refused by its name`(
        name: String, start: String, word: String
    ) async throws {
        let path = NSTemporaryPath.make("spool-input") + "/" + name
        #expect(LocalFile.write(Array(start.utf8), to: path))

        await #expect(throws: FFmpegError.self) {
            try await MediaEngine.underTest.probe(url: path)
        }
        #expect(FileSignature.refusal(Array(start.utf8))?.contains(word) == true)
    }

    @Test func `every file is a row of the documentation`() throws {
        let page = try #require(LocalFile.read("docs/inputs.md"))
        let text = String(decoding: page, as: UTF8.self)

        for input in Input.all { #expect(text.contains("`\(input.name)`"), "\(input.name)") }
    }
}
