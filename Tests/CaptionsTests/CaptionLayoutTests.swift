import Captions
import MediaTime
import RenderPlans
import Testing

@Suite struct CaptionLayoutTests {
    private func track(_ text: String, _ format: CaptionFormat) throws -> CaptionTrack {
        try CaptionTrack(Array(text.utf8), format: format)
    }

    private func words(_ texts: [String], each length: Int = 300) throws -> CaptionTrack {
        let list = texts.enumerated().map { index, text in
            #"{"word":"\#(text)","start":\#(Double(index * length) / 1_000),"#
                + #""end":\#(Double((index + 1) * length) / 1_000)}"#
        }
        return try track("[" + list.joined(separator: ",") + "]", .json)
    }

    private func lines(_ page: CaptionCue) -> [String] {
        var lines: [String] = []
        for word in page.words {
            if lines.isEmpty || word.startsLine {
                lines.append(word.text)
            } else {
                lines[lines.count - 1] += (word.isJoined == true ? "" : " ") + word.text
            }
        }
        return lines
    }

    // MARK: Scripts without blanks

    @Test(arguments: [
        (["检", "索", "增", "强"], "检索增强"), (["これ", "は", "字幕", "です"], "これは字幕です"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"), (["안녕", "하세요"], "안녕 하세요"),
        (["我", "用", "iPhone", "拍"], "我用 iPhone 拍"), (["好", "。", "再", "见"], "好。再见"),
        (["plain", "words"], "plain words"),
    ])
    func `words of a script without blanks are joined, in pages and files`(
        texts: [String], text: String
    ) throws {
        let track = try words(texts)

        #expect(track.subRip().contains("\n\(text)\n"))
        let pages = track.paged(CaptionPaging(wordsPerLineMax: 12)).cues
        #expect(pages.flatMap(lines).joined() == text)
        let vtt = try CaptionTrack(Array(track.webVTT().utf8), format: .vtt)
        #expect(vtt.subRip().contains("\n\(text)\n"))
    }

    @Test func `blanks that a file has between ideographs stay`() throws {
        let srt = "1\n00:00:00,000 --> 00:00:02,000\n你好 世界\n\n"

        #expect(try track(srt, .srt).subRip() == srt)
    }

    @Test func `a line of four words has 16 ideographs and none begins with a stop`() throws {
        let text = "検索拡張生成は外部の知識を使います。「本当」に便利だ。さて次の話をしましょう。"
        let track = try words(text.map { String($0) })

        let pages = track.paged(CaptionPaging(wordsPerLineMax: 4, lineCountMax: 2)).cues

        let all = pages.flatMap(lines)
        #expect(all.joined() == text)
        #expect(all.allSatisfy { $0.count <= 17 })
        #expect(all.contains { $0.count >= 15 })
        #expect(all.allSatisfy { !"。、」".contains($0.first ?? " ") })
        #expect(all.allSatisfy { !$0.hasSuffix("「") })
        #expect(pages.allSatisfy { $0.words.count > 2 })
    }

    @Test func `a last ideograph and its stop are no page`() throws {
        let text = String(repeating: "检索增强生成", count: 5) + "好好。"
        let pages = try words(text.map { String($0) })
            .paged(CaptionPaging(wordsPerLineMax: 4, lineCountMax: 2)).cues

        #expect(pages.count == 1)
    }

    // MARK: Cues at the same time

    private let two = """
        1
        00:00:00,000 --> 00:00:02,000
        Bottom line

        2
        00:00:00,000 --> 00:00:02,000
        {\\an8}Top line

        """

    @Test func `a cue with a place is drawn there and written with it`() throws {
        let track = try track(two, .srt)
        var script = Script(width: 640, height: 360)
        script.add(
            track, CaptionStyle(.classic, width: 640, height: 360), rate: Rational(25), count: 50)

        let file = script.file(frameRate: Rational(25))

        #expect(file.contains("{\\an2\\pos(320,332)}Bottom line"))
        #expect(file.contains("{\\an8\\pos(320,28)}Top line"))
        let written = track.written(CaptionPaging())
        #expect(written.subRip().contains("{\\an8}Top line"))
        #expect(written.webVTT().contains("00:00:02.000 line:0\nTop "))
        #expect(written.cues.count == 2)
    }

    @Test(arguments: [
        ("line:0", AnchorPosition.top), ("line:10%", .top), ("line:10%,start", .top),
        ("line:50%", .center), ("align:start line:3", .top),
    ])
    func `a WebVTT line places its cue`(setting: String, place: AnchorPosition) throws {
        let text = "WEBVTT\n\n00:00.000 --> 00:01.000 \(setting)\nx\n"
        #expect(try track(text, .vtt).cues[0].placement == place)
    }

    @Test(arguments: ["line:-1", "line:90%", "position:10%", "line:x", "line:14"])
    func `any other WebVTT setting leaves the cue at the bottom`(setting: String) throws {
        let text = "WEBVTT\n\n00:00.000 --> 00:01.000 \(setting)\nx\n"
        #expect(try track(text, .vtt).cues[0].placement == nil)
    }

    @Test func `cues that overlap are stacked, and each is shown for its own time`() throws {
        let text = """
            1
            00:00:00,000 --> 00:00:03,000
            Outer

            2
            00:00:01,000 --> 00:00:02,500
            Inner

            """
        let track = try track(text, .srt)

        let pages = track.paged(CaptionPaging()).cues

        #expect(pages.map(\.start) == [0, 1_000, 2_500])
        #expect(pages.map(\.end) == [1_000, 2_500, 3_000])
        #expect(pages.map(lines) == [["Outer"], ["Inner", "Outer"], ["Outer"]])
        let written = track.written(CaptionPaging())
        #expect(written.cues.map(\.end) == [3_000, 2_500])
    }

    @Test(arguments: CaptionStyle.Animation.allCases)
    func `every animation marks a word of each cue that is shown`(
        animation: CaptionStyle.Animation
    ) throws {
        let track = try track(
            "1\n00:00:00,000 --> 00:00:02,000\nOne two\n\n"
                + "2\n00:00:00,000 --> 00:00:02,000\nThree four\n", .srt)
        var style = CaptionStyle(.classic, width: 640, height: 360)
        style.animation = animation
        var script = Script(width: 640, height: 360)
        script.add(track, style, rate: Rational(25), count: 50)

        let file = script.file(frameRate: Rational(25))

        for word in ["One", "two", "Three", "four"] { #expect(file.contains(word)) }
    }

    @Test func `a file with too many cues at the same time is refused`() {
        let cue = "00:00:00,000 --> 00:00:02,000\nx\n\n"

        #expect(throws: CaptionFault("has more than 8 cues at the same time")) {
            try CaptionTrack(Array(String(repeating: cue, count: 9).utf8), format: .srt)
        }
    }

    @Test func `a file's own ends are not moved, and a list's pages stay a little longer`() throws {
        let cue = try track("1\n00:00:00,200 --> 00:00:02,000\nOne two\n", .srt)

        #expect(cue.paged(CaptionPaging()).cues.map(\.end) == [2_000])
        #expect(cue.paged(CaptionPaging(wordsPerLineMax: 1)).cues.last?.end == 2_000)
        #expect(try words(["a"]).paged(CaptionPaging()).cues.map(\.end) == [700])
    }

    // MARK: Wide words, ruby, right to left

    private func drawn(_ text: String, preset: CaptionStyle.Preset = .classic) throws -> String {
        var script = Script(width: 640, height: 360)
        script.add(
            try words([text]), CaptionStyle(preset, width: 640, height: 360), rate: Rational(25),
            count: 50)
        return script.file(frameRate: Rational(25))
    }

    @Test func `a word that is wider than the picture may break after its hyphen`() throws {
        let word = "Supercalifragilisticexpialidocious-Donaudampfschifffahrtsgesellschaft"

        #expect(
            try drawn(word).contains("docious-{\\fscx0} {\\fscx}Donau"))
        #expect(try drawn("well-known").contains("well-known"))
        let long = String(repeating: "a", count: 90)
        #expect(try drawn(long).contains("a{\\fscx0} {\\fscx}a"))
        let arabic = String(repeating: "ب", count: 90)
        #expect(try drawn(arabic).contains(arabic))
    }

    @Test func `ruby text is no part of a cue`() throws {
        let vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\n<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>です\n"
        let srt = "1\n00:00:00,000 --> 00:00:01,000\n<ruby>漢<rp>(</rp><rt>かん</rt></ruby>です\n"

        #expect(try track(vtt, .vtt).words.map(\.text).joined() == "漢字です")
        #expect(try track(srt, .srt).words.map(\.text).joined() == "漢です")
    }

    @Test func `karaoke of a word from right to left sweeps letter by letter`() throws {
        #expect(try drawn("אבג", preset: .karaoke).contains("}א{\\kf"))
        let arabic = try drawn("دبر", preset: .karaoke)
        // Dal joins nothing after it; the others keep their shapes.
        #expect(arabic.contains("}د{\\kf"))
        #expect(arabic.contains("}ب\u{200D}{\\kf"))
        #expect(arabic.contains("}\u{200D}ر"))
        #expect(try drawn("abc", preset: .karaoke).contains("}abc"))
    }
}
