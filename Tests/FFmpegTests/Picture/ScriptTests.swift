import Captions
import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing

/// Texts and captions: frame-exact at every rate, independent of the chunks, and drawn in
/// their styles.
@Suite struct ScriptTests {
    private static let rates = [
        Rational(24_000, 1_001), Rational(25), Rational(30_000, 1_001), Rational(60),
        Rational(120_000, 1_001), Rational(120),
    ]

    private func rendering(
        _ scripts: [RenderPlan.ScriptPlacement], frameCount: Int = 40,
        rate: Rational = Rational(30_000, 1_001), background: String = "204060"
    ) async throws -> Rendering {
        var rendering = try await Rendering(
            [], frameCount: frameCount, rate: rate, background: background)
        rendering.plan.layers = [RenderPlan.Layer(placements: [], scripts: scripts)]
        return rendering
    }

    private func title(
        _ text: String, _ start: Int, _ end: Int, fades: (Int, Int) = (0, 0)
    ) -> RenderPlan.ScriptPlacement {
        RenderPlan.ScriptPlacement(
            content: .title(TextTitle(text, .title, width: 320, height: 180)),
            frames: FrameRange(start, end), fadeInFrames: fades.0, fadeOutFrames: fades.1)
    }

    private func captions(
        _ preset: CaptionStyle.Preset, _ frames: FrameRange, each milliseconds: Int = 170
    ) -> RenderPlan.ScriptPlacement {
        let texts = ["Seams", "run", "right", "through", "😀", "every", "{\\b1}", "line"]
        let words = texts.enumerated().map { index, text in
            CaptionWord(
                text, start: index * milliseconds, end: (index + 1) * milliseconds - 20)
        }
        let cue = CaptionCue(start: 0, end: texts.count * milliseconds, words: words)
        return RenderPlan.ScriptPlacement(
            content: .captions(
                CaptionTrack(cues: [cue]), CaptionStyle(preset, width: 320, height: 180)),
            frames: frames)
    }

    @Test(arguments: rates)
    func `a text shows on exactly its frames at any rate`(rate: Rational) async throws {
        let events = try await rendering(
            [title("A", 1, 2), title("B", 3, 6), title("C", 7, 23)], frameCount: 24, rate: rate)

        let hashes = try await events.frameHashes(cuts: [0, 24])

        let plain = hashes[0]
        let shown = hashes.indices.filter { hashes[$0] != plain }
        #expect(shown == [1, 3, 4, 5] + Array(7..<23))
        #expect(Set(hashes).count == 4)
    }

    @Test(arguments: CaptionStyle.Preset.allCases)
    func `captioned frames do not depend on the cuts`(
        preset: CaptionStyle.Preset
    ) async throws {
        let captioned = try await rendering([captions(preset, FrameRange(2, 40))])

        let whole = try await captioned.frameHashes(cuts: [0, 40])
        let pieces = try await captioned.frameHashes(cuts: [0, 1, 5, 14, 23, 40])

        #expect(whole == pieces)
        #expect(Set(whole).count > (preset == .classic || preset == .boxedLine ? 1 : 4))
    }

    @Test(arguments: [Rational(120), Rational(24_000, 1_001)])
    func `seams inside fades, sweeps and springs change no frame`(rate: Rational) async throws {
        let all = try await rendering(
            [
                title("In and out", 3, 38, fades: (15, 14)),
                captions(.karaoke, FrameRange(0, 40), each: 90),
                captions(.scale, FrameRange(-5, 40), each: 90),
            ], rate: rate)

        let whole = try await all.frameHashes(cuts: [0, 40])
        let pieces = try await all.frameHashes(cuts: [0, 2, 7, 8, 11, 21, 33, 39, 40])

        #expect(whole == pieces)
        #expect(Set(whole).count > 30)
    }

    @Test func `a fade is fully transparent at both ends`() async throws {
        let faded = try await rendering([title("Fade", 10, 30, fades: (6, 6))])

        let hashes = try await faded.frameHashes(cuts: [0, 40])

        let plain = hashes[0]
        #expect(hashes.indices.filter { hashes[$0] != plain } == Array(11..<30))
        #expect(Set(hashes[10...16]).count == 7)
        #expect(Set(hashes[16..<24]).count == 1)
        #expect(Set(hashes[24..<30]).count == 6)
    }

    @Test func `the fingerprint depends on the words, not on the clip's start`() async throws {
        let before = try await rendering([captions(.highlight, FrameRange(4, 40))])
        let after = try await rendering([captions(.highlight, FrameRange(6, 42))])
        let other = try await rendering([captions(.karaoke, FrameRange(4, 40))])
        func address(_ rendering: Rendering, _ start: Int, _ end: Int) -> String {
            rendering.engine.fingerprint(
                FrameRange(start, end), of: rendering.plan, version: "v")
        }

        #expect(address(before, 10, 20) == address(after, 12, 22))
        #expect(address(before, 10, 20) != address(before, 12, 22))
        #expect(address(before, 10, 20) != address(other, 10, 20))
        #expect(!address(before, 0, 4).contains("fonts"))
    }

    @Test func `the fingerprint contains the font files`() async throws {
        let folder = NSTemporaryPath.make("spool-fonts")
        let font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
        try FileManager.default.copyItem(atPath: font, toPath: "\(folder)/a.ttf")
        let text = try await rendering([title("A", 0, 40)])
        var configuration = MediaEngine.configurationUnderTest
        configuration.fontsDirectory = folder
        func address() -> String {
            MediaEngine(configuration: configuration).fingerprint(
                FrameRange(0, 40), of: text.plan, version: "v")
        }

        let one = address()
        try FileManager.default.copyItem(
            atPath: "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
            toPath: "\(folder)/b.ttf")

        #expect(one.contains("fonts a.ttf \(try Data(contentsOf: URL(filePath: font)).count) "))
        #expect(one != address())
    }

    @Test func `a missing font falls back to Lato`() async throws {
        var unknown = TextTitle("Fallback", .title, width: 320, height: 180)
        unknown.fontFamily = "No Such Font"
        func placed(_ title: TextTitle) -> RenderPlan.ScriptPlacement {
            RenderPlan.ScriptPlacement(content: .title(title), frames: FrameRange(0, 2))
        }
        var known = unknown
        known.fontFamily = "Lato"

        let one = try await rendering([placed(unknown)], frameCount: 2)
        let other = try await rendering([placed(known)], frameCount: 2)

        let hashes = try await one.frameHashes(cuts: [0, 2])
        #expect(try await other.frameHashes(cuts: [0, 2]) == hashes)
    }

    @Test(arguments: ["ffe500", "7c3aed", "ffffff", "39ff88", "204060", "c04020"])
    func `a box has its requested colour`(color: String) async throws {
        var title = TextTitle("   ", .lowerThird, width: 320, height: 180)
        title.text = "."
        title.color = color
        title.boxColor = color
        title.boxOpacity = Rational(1)
        title.boxPadding = 60
        title.anchor.position = .center
        (title.anchor.x, title.anchor.y) = (160, 90)
        let box = try await rendering(
            [RenderPlan.ScriptPlacement(content: .title(title), frames: FrameRange(0, 1))],
            frameCount: 1)
        let plain = try await rendering([], frameCount: 1, background: color)
        _ = try await box.frameHashes(cuts: [0, 1])
        _ = try await plain.frameHashes(cuts: [0, 1])

        let (drawn, wanted) = (
            try await middle(of: box.chunkPath(FrameRange(0, 1))),
            try await middle(of: plain.chunkPath(FrameRange(0, 1)))
        )

        let off = zip(drawn, wanted).map { abs(Int($0) - Int($1)) }
        // Colours outside BT.601 are paler.
        #expect(off.allSatisfy { $0 <= (color == "39ff88" ? 14 : 3) }, "\(drawn) \(wanted)")
    }

    /// Y, U and V of the middle pixel.
    private func middle(of path: String) async throws -> [UInt8] {
        let raw = "\(path).yuv"
        try await runFFmpeg([
            "-i", path, "-vf", "crop=2:2:160:90,format=yuv420p", "-f", "rawvideo", raw,
        ])
        let bytes = try Data(contentsOf: URL(filePath: raw))
        return [bytes[0], bytes[4], bytes[5]]
    }

    @Test func `a path with every special character of graphs is opened`() async throws {
        var text = try await rendering([title("Path", 0, 4)], frameCount: 4)
        let folder = "\(text.folder)/it's [a], b; c:\\d%e"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        text.plan.chunks = [FrameRange(0, 4)]

        let report = try await text.engine.renderChunk(
            FrameRange(0, 4), of: text.plan, sourceURLs: [:], to: "\(folder)/x.mp4")

        #expect(report.frames == 4)
        // Fontconfig's cache is here where the shared folder is not private.
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            !$0.hasSuffix("font-cache")
        }
        #expect(files == ["x.mp4"], "\(files)")
    }
}
