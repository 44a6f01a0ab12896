import Captions
import Testing

/// Files that would take long to read are refused before they are read to the end.
@Suite struct CaptionBoundsTests {
    private func fault(_ text: String, _ format: CaptionFormat = .srt) -> String? {
        do {
            _ = try CaptionTrack(Array(text.utf8), format: format)
            return nil
        } catch { return "\(error)" }
    }

    @Test func `the first cue after the limit is refused`() {
        // One after the other: few may be at the same time.
        func cue(_ number: Int) -> String {
            let time = [number / 3_600, number / 60 % 60, number % 60].map {
                ($0 < 10 ? "0" : "") + String($0)
            }.joined(separator: ":")
            return "\(time),000 --> \(time),900\nw\n\n"
        }
        let most = (0..<CaptionLimits.cueCountMax).map(cue).joined()

        #expect(fault(most) == nil)
        let next = cue(CaptionLimits.cueCountMax)
        #expect(fault(most + next)?.contains("after the 20000 that are allowed") == true)
    }

    @Test func `a file of too many lines is refused`() {
        #expect(fault(String(repeating: "\n", count: 8_000_000))?.contains("lines") == true)
    }

    @Test func `a line of brackets is refused at once`() {
        let start = "00:00:00,000 --> 00:00:01,000\n"

        // Each bracket was searched for its end through the whole cue: minutes for a file.
        let lines = String(repeating: String(repeating: "<", count: 60_000) + "\n", count: 100)
        #expect(fault(start + lines)?.contains("longer than 2000 characters") == true)
        #expect(fault(start + String(repeating: "<", count: 70_000))?.contains("bytes") == true)
        #expect(
            fault("WEBVTT\n\n" + start + lines.replacing("<", with: "<i>"), .vtt)?
                .contains("bytes") == true)
    }

    @Test func `long tags are still tags`() throws {
        let tag = "<font color=\"#ff0000\" face=\"\(String(repeating: "f", count: 100))\">"
        let track = try CaptionTrack(
            Array("00:00:00,000 --> 00:00:01,000\n\(tag)red</font>\n".utf8), format: .srt)

        #expect(track.words.map(\.text) == ["red"])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `every line end divides lines`(end: String) throws {
        let text = ["1", "00:00:00,000 --> 00:00:01,000", "one", "two", ""].joined(separator: end)
        let track = try CaptionTrack(Array(text.utf8), format: .srt)

        #expect(track.words.map(\.startsLine) == [false, true])
    }
}
