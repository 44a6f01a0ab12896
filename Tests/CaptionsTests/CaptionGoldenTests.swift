import Captions
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// ASS documents of each look, against the files of `Tests/Golden/captions`.
@Suite struct CaptionGoldenTests {
    private let output = RenderPlan.OutputSettings(
        width: 1080, height: 1920, frameRate: Rational(30_000, 1_001))

    private func captions(_ preset: CaptionStyle.Preset) -> RenderPlan.ScriptPlacement {
        let texts = ["Every", "word", "{\\b1}", "has", "its", "own", "time", "\\N", "here"]
        let words = texts.enumerated().map { index, text in
            CaptionWord(text, start: index * 400, end: index * 400 + 380)
        }
        let cue = CaptionCue(start: 0, end: texts.count * 400, words: words)
        return RenderPlan.ScriptPlacement(
            content: .captions(
                CaptionTrack(cues: [cue]), CaptionStyle(preset, width: 1080, height: 1920)),
            frames: FrameRange(0, 120))
    }

    private func title(_ preset: TextTitle.Preset) -> RenderPlan.ScriptPlacement {
        RenderPlan.ScriptPlacement(
            content: .title(TextTitle("Two\nlines", preset, width: 1080, height: 1920)),
            frames: FrameRange(0, 60), opacity: Rational(9, 10), rotation: Rational(15),
            fadeInFrames: 10, fadeOutFrames: 5)
    }

    @Test(arguments: CaptionStyle.Preset.allCases)
    func `a caption preset has its styles and events`(preset: CaptionStyle.Preset) {
        let script = captions(preset).script(output)

        expectGolden(
            script.file(frameRate: output.frameRate), "captions/\(preset.rawValue).ass")
    }

    @Test(arguments: TextTitle.Preset.allCases)
    func `a title preset has its style and one event`(preset: TextTitle.Preset) {
        let script = title(preset).script(output)

        expectGolden(
            script.file(frameRate: output.frameRate), "captions/title-\(preset.rawValue).ass")
    }

    @Test func `a chunk draws its events on the clock of frames`() throws {
        let drawn = try #require(captions(.highlight).script(output).drawn(FrameRange(40, 70)))

        #expect(drawn.firstFrame == 4)
        expectGolden(drawn.text, "captions/drawn-highlight.ass")
    }

    @Test func `the folder captions holds the files that this suite reads`() throws {
        let names =
            CaptionStyle.Preset.allCases.map(\.rawValue)
            + TextTitle.Preset.allCases.map { "title-\($0.rawValue)" } + ["drawn-highlight"]

        #expect(try Golden.files(in: "captions") == Set(names.map { "captions/\($0).ass" }))
    }
}
