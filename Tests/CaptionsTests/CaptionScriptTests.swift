import Captions
import MediaTime
import Randomness
import RenderPlans
import Testing
import TestSupport

@Suite struct CaptionScriptTests {
    private let output = RenderPlan.OutputSettings(
        width: 1080, height: 1920, frameRate: Rational(30_000, 1_001))

    private func words(_ texts: [String], each milliseconds: Int = 400) -> CaptionTrack {
        let words = texts.enumerated().map { index, text in
            CaptionWord(
                text, start: index * milliseconds, end: (index + 1) * milliseconds)
        }
        return CaptionTrack(cues: [
            CaptionCue(start: 0, end: texts.count * milliseconds, words: words)
        ])
    }

    private func captions(
        _ texts: [String], _ preset: CaptionStyle.Preset
    ) -> RenderPlan.ScriptPlacement {
        RenderPlan.ScriptPlacement(
            content: .captions(words(texts), CaptionStyle(preset, width: 1080, height: 1920)),
            frames: FrameRange(0, 300))
    }

    private func title(_ text: String) -> RenderPlan.ScriptPlacement {
        RenderPlan.ScriptPlacement(
            content: .title(TextTitle(text, .title, width: 1080, height: 1920)),
            frames: FrameRange(0, 60), fadeInFrames: 10, fadeOutFrames: 5)
    }

    /// The text of every `Dialogue:` line.
    private func dialogues(_ script: String) -> [String] {
        script.split(separator: "\n").filter { $0.hasPrefix("Dialogue:") }.map {
            $0.split(separator: ",", maxSplits: 9, omittingEmptySubsequences: false)
                .dropFirst(9).joined(separator: ",")
        }
    }

    /// The text and the override blocks of a line, as libass's parser splits them, without the
    /// blanks of no width at which a line may end.
    private func seen(_ dialogue: String) -> (text: String, blocks: [String]) {
        var (text, blocks) = ("", [String]())
        let plain = dialogue.replacing(/\{\\fscx0\} \{\\fscx\d*\}/, with: "")
        var rest = Array(plain.unicodeScalars)[...]
        func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
        while let first = rest.first {
            if first == "{", let end = rest.firstIndex(of: "}") {
                blocks.append(string(rest[(rest.startIndex + 1)..<end]))
                rest = rest[(end + 1)...]
            } else if first == "\\", let second = rest.dropFirst().first,
                ["N", "n", "h", "{", "}"].contains(second)
            {
                text += second == "N" || second == "n" ? "\n" : second == "h" ? " " : "\(second)"
                rest = rest.dropFirst(2)
            } else {
                text.unicodeScalars.append(first)
                rest = rest.dropFirst()
            }
        }
        return (text, blocks)
    }

    @Test func `a title is one event with its fades in whole frames`() throws {
        let drawn = try #require(title("Hello").script(output).drawn(FrameRange(20, 40)))

        #expect(drawn.firstFrame == 20)
        let line = drawn.text.split(separator: "\n").last.map(String.init)
        let expected =
            "Dialogue: 0,0:00:00.00,0:00:15.00,Text,,75,75,0,,"
            + "{\\an5\\pos(540,960)\\fad(2500,1250)}Hello"
        #expect(line == expected)
    }

    @Test func `a highlighted word is coloured while it is spoken`() throws {
        let script = captions(["one", "two"], .highlight).script(output)

        let file = script.file(frameRate: output.frameRate)

        #expect(
            file.split(separator: "\n").suffix(2) == [
                "Dialogue: 0,0:00:00.00,0:00:00.40,Text,,75,75,0,,"
                    + "{\\an2\\pos(540,1527)}{\\1c&H00E5FF&}ONE{\\1c} TWO",
                "Dialogue: 0,0:00:00.40,0:00:01.20,Text,,75,75,0,,"
                    + "{\\an2\\pos(540,1527)}ONE {\\1c&H00E5FF&}TWO",
            ])
    }

    @Test func `karaoke sweeps add up to the duration of their words`() throws {
        let texts = (0..<8).map { "w\($0)" }
        let track = words(texts, each: 333)
        var style = CaptionStyle(.karaoke, width: 1080, height: 1920)
        style.paging = CaptionPaging(wordsPerLineMax: 4, lineCountMax: 2)
        let script = RenderPlan.ScriptPlacement(
            content: .captions(track, style), frames: FrameRange(0, 300)
        ).script(output)

        let line = try #require(dialogues(script.file(frameRate: output.frameRate)).first)

        let sweeps = line.split(separator: "\\kf").dropFirst().compactMap {
            Int($0.prefix { $0.isNumber })
        }
        #expect(sweeps.reduce(0, +) == 266)
        #expect(sweeps.allSatisfy { $0 == 33 || $0 == 34 })
    }

    @Test func `a page's text does not depend on the start of its clip`() {
        let early = captions(["one", "two", "three"], .scale)
        var late = early
        late.frames = FrameRange(1_000, 1_300)

        let one = early.script(output).drawn(FrameRange(10, 30))
        let other = late.script(output).drawn(FrameRange(10, 30))

        #expect(one == other)
        #expect(early.script(output).drawn(FrameRange(200, 220)) == nil)
    }

    @Test func `a window's pages equal the same window of all pages`() {
        let whole = captions((0..<60).map { "word\($0)" }, .scale)

        for start in stride(from: -20, to: 320, by: 17) {
            let window = FrameRange(start, start + 40)
            let narrow = whole.script(output, window: window).drawn(window)
            #expect(narrow == whole.script(output).drawn(window))
        }
    }

    @Test func `an edit of one word changes only the windows that show it`() {
        let texts = (0..<40).map { "word\($0)" }
        var other = texts
        other[20] = "changed"
        let (before, after) = (
            captions(texts, .highlight).script(output), captions(other, .highlight).script(output)
        )

        #expect(before.drawn(FrameRange(0, 90)) == after.drawn(FrameRange(0, 90)))
        #expect(before.drawn(FrameRange(180, 300)) != after.drawn(FrameRange(180, 300)))
    }

    @Test(arguments: CaptionStyle.Preset.allCases)
    func `no text becomes an override tag in any preset`(preset: CaptionStyle.Preset) throws {
        let pieces = [
            "{", "}", "\\", "\\N", "{\\pos(0,0)}", "\\{", "\\\\{", "a", "ß", "한국", "😀", "👩‍👩‍👧", "\n",
            "\r\n", "\t", ",", ":", "&", "%", "\u{2028}", "\u{0}", "\u{7f}", "\u{202E}", "é",
            "Dialogue:",
            "{\\p1}m 0 0", "\\h", "\\n", "'", "]", "[",
        ]
        for seed in testSeeds(200) {
            var random = SeededGenerator(seed: seed)
            let texts = (0..<4).map { _ in
                (0..<Int.random(in: 1..<8, using: &random))
                    .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            }
            let plain = captions(["a", "a", "a", "a"], preset)
            let wild = captions(texts, preset)
            let (safe, file) = (plain.script(output), wild.script(output))

            let expected = dialogues(safe.file(frameRate: output.frameRate)).map { seen($0).blocks }
            let lines = dialogues(file.file(frameRate: output.frameRate))
            #expect(
                lines.map { seen($0).blocks } == expected, "\(replayCommand(seed)) \(texts)")
            #expect(
                file.file(frameRate: output.frameRate).split(separator: "\n").count
                    == safe.file(frameRate: output.frameRate).split(separator: "\n").count)
        }
    }

    @Test func `a title shows braces, backslashes and line breaks literally`() throws {
        let script = title("{\\b1}C:\\New\r\nline").script(output)

        let line = try #require(dialogues(script.file(frameRate: Rational(25))).first)

        let shown = seen(line).text.unicodeScalars.filter { $0 != "\u{2060}" }
        #expect(String(String.UnicodeScalarView(shown)) == "{\\b1}C:\\New\nline")
    }

    @Test func `a font name cannot end its field`() throws {
        var style = TextTitle("x", .title, width: 100, height: 100)
        style.fontFamily = "Ar,ial\n{Bold}: @x"
        let script = RenderPlan.ScriptPlacement(
            content: .title(style), frames: FrameRange(0, 9)
        ).script(output)

        let line = script.file(frameRate: Rational(25)).split(separator: "\n")
            .first { $0.hasPrefix("Style:") }

        #expect(line?.hasPrefix("Style: Text,ArialBold x,9,") == true)
        #expect(!TextFont.isName("Ar,ial"))
        #expect(TextFont.isName("Noto Sans CJK JP"))
    }

    @Test func `a page ends at its word count, its time or a silence`() {
        let texts = ["a", "b", "c", "d", "e", "f", "g"]
        var track = words(texts)
        for index in 5..<7 {
            track.cues[0].words[index].start += 3_000
            track.cues[0].words[index].end += 3_000
        }

        let pages = track.paged(CaptionPaging(wordsPerLineMax: 2, lineCountMax: 2))
        let timed = track.paged(CaptionPaging(wordsPerLineMax: 9, combineMilliseconds: 700))

        #expect(
            pages.cues.map { $0.words.map(\.text) } == [["a", "b", "c", "d"], ["e"], ["f", "g"]])
        #expect(pages.cues.map { $0.words.map(\.startsLine) }[0] == [false, false, true, false])
        #expect(pages.cues.map(\.start) == [0, 1_600, 5_000])
        #expect(pages.cues.map(\.end) == [1_600, 2_400, 6_200])
        #expect(
            timed.cues.map { $0.words.map(\.text) } == [
                ["a", "b"], ["c", "d"], ["e"], ["f", "g"],
            ])
    }
}
