import Captions
import Randomness
import Testing
import TestSupport

@Suite struct CaptionReaderTests {
    private func track(_ text: String, _ format: CaptionFormat) throws -> CaptionTrack {
        try CaptionTrack(Array(text.utf8), format: format)
    }

    private func fault(_ text: String, _ format: CaptionFormat) -> String {
        do {
            _ = try track(text, format)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func `SubRip gives cues whose words share the time by their length`() throws {
        let track = try track(
            """
            1
            00:00:01,000 --> 00:00:02,000
            <i>Hi</i> there

            2
            01:00:00,5 --> 01:00:01,250 X1:40
            {\\an8}a < b
            c

            """, .srt)

        #expect(
            track.cues == [
                CaptionCue(
                    start: 1_000, end: 2_000,
                    words: [
                        CaptionWord("Hi", start: 1_000, end: 1_333),
                        CaptionWord("there", start: 1_333, end: 2_000),
                    ], hasOwnTimes: true),
                CaptionCue(
                    start: 3_600_500, end: 3_601_250,
                    words: [
                        CaptionWord("a", start: 3_600_500, end: 3_600_687),
                        CaptionWord("<", start: 3_600_687, end: 3_600_875),
                        CaptionWord("b", start: 3_600_875, end: 3_601_062),
                        CaptionWord("c", start: 3_601_062, end: 3_601_250, startsLine: true),
                    ], placement: .top, hasOwnTimes: true),
            ])
    }

    @Test func `WebVTT gives words their inline timestamps`() throws {
        let track = try track(
            """
            WEBVTT - made by hand
            Kind: captions

            NOTE nothing

            STYLE
            ::cue { color: red }

            intro
            00:01.000 --> 00:03.000 align:start
            <v Ann>Tom &amp; <00:00:02.500><c.loud>Jerry</c>

            """, .vtt)

        #expect(
            track.cues == [
                CaptionCue(
                    start: 1_000, end: 3_000,
                    words: [
                        CaptionWord("Tom", start: 1_000, end: 2_000),
                        CaptionWord("&", start: 2_000, end: 2_500),
                        CaptionWord("Jerry", start: 2_500, end: 3_000),
                    ], hasOwnTimes: true)
            ])
    }

    @Test(
        arguments: [
            #"[{"word":"Hey","start":0.5,"end":0.75},{"word":"you","start":0.8,"end":1,"score":1}]"#,
            #"[{"text":" Hey","startMs":500,"endMs":750},{"text":" y","startMs":800,"endMs":900},"#
                + #"{"text":"ou","startMs":900,"endMs":1000,"timestampMs":null}]"#,
            #"{"results":{"channels":[{"alternatives":[{"words":[{"word":"hey","punctuated_word":"#
                + #""Hey","start":0.5,"end":0.75},{"word":"you","start":0.8,"end":1}]}]}]}}"#,
            #"{"segments":[{"words":[{"word":"Hey","start":0.5,"end":0.75}]},"#
                + #"{"words":[{"word":"you","start":0.8,"end":1}]}]}"#,
        ])
    func `words of every recogniser are read alike`(json: String) throws {
        let track = try track(json, .json)

        #expect(
            track.words == [
                CaptionWord("Hey", start: 500, end: 750),
                CaptionWord("you", start: 800, end: 1_000),
            ])
    }

    @Test func `words without a time lie between their neighbours`() throws {
        let track = try track(
            #"[{"word":"in","start":1,"end":1.2},{"word":"1999"},{"word":"we","start":2,"end":3}]"#,
            .json)

        #expect(track.words.map(\.start) == [1_000, 1_000, 2_000])
        #expect(track.words.map(\.end) == [1_200, 2_000, 3_000])
    }

    @Test(arguments: [
        ("1\n00:00:01,000 -> 00:00:02,000\nx\n", "line 2: has no times separated by -->"),
        ("1\n00:00:01 --> 00:00:xx\nx\n", "line 2: has the invalid end time \"00:00:xx\""),
        ("00:00:61,0 --> 00:01:00,0\nx\n", "line 1: has the invalid start time \"00:00:61,0\""),
        ("\n\n1\n00:00:02,0 --> 00:00:01,0\nx\n", "line 4: ends before it starts"),
        ("hello\n", "line 1: has no times separated by -->"),
        ("1", "line 1: is a cue without times"),
        ("", "has no words"),
    ])
    func `a bad SubRip file is refused with its line`(text: String, detail: String) {
        #expect(fault(text, .srt) == detail)
    }

    @Test(arguments: [
        ("1\n00:00:01.000 --> 00:00:02.000\nx\n", "line 1: must be WEBVTT"),
        ("WEBVTT\n\nfoo\nbar\n", "line 3: is not a cue, a note, a style or a region"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na <b\n", "line 4: has an unclosed tag"),
        (
            "WEBVTT\n\n00:01.000 --> 00:02.000\na <0:99.0>b\n",
            "line 4: has the invalid time \"0:99.0\""
        ),
    ])
    func `a bad WebVTT file is refused with its line`(text: String, detail: String) {
        #expect(fault(text, .vtt) == detail)
    }

    @Test(arguments: [
        ("[", "is not JSON: "), ("{}", "has no words"),
        ("[1]", "/0: must be an object, not a number"),
        (#"[{"start":0}]"#, "/0/word: must have a word"),
        (#"[{"word":"a","start":"0"}]"#, "/0/start: must be a time, not a string"),
        (#"[{"word":"a","start":2,"end":1}]"#, "/0: ends before it starts"),
        (#"[{"word":"a","startMs":-1}]"#, "/0/startMs: must be a time from 0 to 86400000"),
        (#"[{"word":"a","start":1e9}]"#, "/0/start: must be a time from 0 to 86400"),
    ])
    func `bad words are refused with their pointer`(text: String, detail: String) {
        #expect(fault(text, .json).hasPrefix(detail))
    }

    @Test func `text that is not UTF-8 is refused with its line`() {
        let bytes = Array("1\n00:00:01,0 --> 00:00:02,0\ncaf".utf8) + [0xE9, 0x0A]

        #expect(throws: CaptionFault(line: 3, "is not UTF-8")) {
            try CaptionTrack(bytes, format: .srt)
        }
    }

    @Test func `UTF-16 and Windows line ends are read`() throws {
        let text = "1\r\n00:00:01,0 --> 00:00:02,0\r\nGrüße\r\n"
        let units = Array(text.utf16)
        let little: [UInt8] =
            [0xFF, 0xFE] + units.reduce(into: []) { $0 += [UInt8($1 & 255), UInt8($1 >> 8)] }

        let track = try CaptionTrack(little, format: .srt)

        #expect(track.words == [CaptionWord("Grüße", start: 1_000, end: 2_000)])
    }

    @Test func `random bytes are read in order or refused`() {
        let pieces = [
            "1", "\n", "\n\n", "00:00:01,000", " --> ", "00:00:02.5", "WEBVTT", "<", ">", "{\\an8}",
            "&amp", ";", "word", "é", "[", "]", "{\"word\":", "\"a\"", ",", "\"start\":1", "}",
            "NOTE", "\u{0}", "<00:00:01.000>", "\r",
        ]
        for seed in testSeeds(3_000) {
            var random = SeededGenerator(seed: seed)
            let parts = (0..<Int.random(in: 0..<14, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            var bytes = Array(parts.joined().utf8)
            if Bool.random(using: &random), !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            for format in CaptionFormat.allCases {
                guard let track = try? CaptionTrack(bytes, format: format) else { continue }
                let isOrdered = track.words.allSatisfy { $0.start <= $0.end && $0.start >= 0 }
                #expect(isOrdered, "\(replayCommand(seed))")
                #expect(
                    track.words.allSatisfy { !$0.text.isEmpty }, "\(replayCommand(seed))")
            }
        }
    }
}
