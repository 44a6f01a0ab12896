import Captions
@testable import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct CaptionFileTests {
    private let clip = """
        {"asset":{"type":"caption","words":[
        {"word":"one","start":0,"end":0.5},{"word":"two","start":1,"end":1.5},
        {"word":"three","start":2,"end":2.5}],"style":{"preset":"box","maxWordsPerLine":2}},
        "start":4,"length":2.2}
        """

    @Test func `caption pages begin and end with their clip`() throws {
        let plan = try plan(oneTrack(clip, output: #"{"captions":["srt"]}"#))

        #expect(plan.captionFiles == [.srt])
        #expect(
            plan.captionFile(.srt) == "1\n00:00:04,000 --> 00:00:06,200\none two\nthree\n\n")
    }

    @Test func `a range shifts captions and frames alike`() throws {
        let plan = try plan(
            oneTrack(clip, output: #"{"range":{"start":5,"length":10},"captions":["vtt"]}"#))

        #expect(plan.layers[0].scripts[0].frames == FrameRange(-30, 36))
        let track = plan.captionTrack
        #expect(track.words.map(\.text) == ["two", "three"])
        #expect(track.words.map(\.start) == [0, 1_000])
    }

    @Test func `an ASS file has the styles of every clip and real times`() throws {
        let plan = try plan(oneTrack(clip, output: #"{"captions":["ass"]}"#))

        let lines = (plan.captionFile(.ass) ?? "").split(separator: "\n")

        #expect(lines.filter { $0.hasPrefix("Style: Word0,Lato Black,") }.count == 1)
        let events = lines.filter { $0.hasPrefix("Dialogue:") }
        #expect(events.map { $0.prefix(34) }.first == "Dialogue: 0,0:00:04.00,0:00:05.00,")
        #expect(events.first?.contains("{\\rWord0}one{\\rText0} two") == true)
    }

    @Test func `an audio output can have caption files`() throws {
        let plan = try plan(
            oneTrack(
                clip, #"{"asset":{"type":"video","assetId":"ast_1"},"length":2}"#,
                output: #"{"format":"m4a","captions":["srt"]}"#))

        #expect(plan.chunks == [])
        #expect(plan.layers.map(\.placements) == [[]])
        #expect(plan.captionFile(.srt)?.hasPrefix("1\n00:00:04,000 --> ") == true)
    }

    @Test func `a clip of captions lasts as long as its words`() throws {
        let whole = clip.replacing(#","length":2.2"#, with: "")
        let plan = try plan(oneTrack(whole))

        #expect(plan.frameCount == 195)
    }

    @Test func `an in-point trims the words of captions`() throws {
        let asset = #"{"type":"caption","captions":"cap_1","trim":1.2,"style":"karaoke"}"#
        let plan = try plan(oneTrack(#"{"asset":\#(asset)}"#))

        guard case .captions(let track, let style)? = plan.layers[0].scripts.first?.content else {
            Issue.record("no captions")
            return
        }
        #expect(track.words.map(\.text) == ["word2", "word3", "word4", "word5"])
        #expect(track.words.map(\.start) == [0, 300, 800, 1_300])
        #expect(style.animation == .karaoke)
        #expect(plan.frameCount == 54)
    }

    @Test func `a text's font, size, colour and place reach the plan`() throws {
        let clip = """
            {"asset":{"type":"text","text":"Hi","style":"lowerThird",
            "font":{"family":"DejaVu Sans","size":40,"color":"#FFCC00"}},"length":2,"scale":0.5,
            "position":"topRight","transition":{"in":"fade","length":0.5}}
            """
        let plan = try plan(oneTrack(clip))

        let script = try #require(plan.layers[0].scripts.first)
        guard case .title(let title) = script.content else {
            Issue.record("no title")
            return
        }
        #expect((script.fadeInFrames, script.fadeOutFrames) == (15, 0))
        #expect((title.fontFamily, title.fontSize, title.color) == ("DejaVu Sans", 20, "ffcc00"))
        #expect(title.anchor.position == .topRight)
        #expect(title.boxColor == "000000")
    }
}
