import Captions
import Randomness
import Testing
import TestSupport

@Suite struct SubtitleWriterTests {
    private let track = CaptionTrack(cues: [
        CaptionCue(
            start: 1_000, end: 2_500,
            words: [
                CaptionWord("a<b>", start: 1_000, end: 1_500),
                CaptionWord("--> &", start: 1_500, end: 2_000),
                CaptionWord("😀", start: 2_000, end: 2_500, startsLine: true),
            ])
    ])

    @Test func `SubRip has numbers, decimal commas and line breaks`() {
        #expect(track.subRip() == "1\n00:00:01,000 --> 00:00:02,500\na<b> → &\n😀\n\n")
    }

    @Test func `WebVTT has escapes and a timestamp for each word`() {
        #expect(
            track.webVTT()
                == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n"
                + "a&lt;b&gt; <00:00:01.500>→ &amp;\n<00:00:02.000>😀\n\n")
    }

    @Test func `written WebVTT is read as the same words`() throws {
        let alphabet = ["a", "<", ">", "&", "&amp;", "1", "é", "😀", "-", "NOTE", ":", "\\", "{"]
        for seed in testSeeds(300) {
            var random = SeededGenerator(seed: seed)
            var time = 0
            let cues = (0..<3).map { _ in
                let words = (0..<Int.random(in: 1..<5, using: &random)).map { index in
                    let start = time
                    time += Int.random(in: 1..<2_000, using: &random)
                    let text = (0..<3).map { _ in alphabet.randomElement(using: &random) ?? "a" }
                    return CaptionWord(
                        text.joined(), start: start, end: time,
                        startsLine: index > 0 && Bool.random(using: &random))
                }
                return CaptionCue(
                    start: words[0].start, end: time, words: words,
                    placement: [nil, .top, .center].randomElement(using: &random) ?? nil,
                    hasOwnTimes: true)
            }
            let track = CaptionTrack(cues: cues)
            guard !track.words.contains(where: { $0.text.contains("-->") }) else { continue }

            let read = try CaptionTrack(Array(track.webVTT().utf8), format: .vtt)

            #expect(read == track, "\(replayCommand(seed))")
        }
    }

    @Test func `a placed track is shifted and cut at its clip's end`() {
        let placed = track.placed(at: 10_000, length: 1_800)

        #expect(
            placed.cues == [
                CaptionCue(
                    start: 11_000, end: 11_800,
                    words: [
                        CaptionWord("a<b>", start: 11_000, end: 11_500),
                        CaptionWord("--> &", start: 11_500, end: 11_800),
                    ])
            ])
    }
}
