import Testing

@testable import Editing

@Suite struct ExportProgressTests {
    private func rendering(_ done: [Int], isAudioDone: Bool?) -> Int {
        let ranges = [FrameRange(0, 100), FrameRange(100, 300)]
        return ExportProgress.rendering(
            work: .init(chunks: Array(zip(ranges, done)), isAudioDone: isAudioDone)
        ).percent
    }

    @Test func `each phase has ClipForge's number`() {
        let phases: [ExportProgress] = [.accepted, .stitching, .signing, .completed]

        #expect(phases.map(\.percent) == [10, 85, 95, 100])
    }

    @Test func `rendering runs from twenty to eighty with the frames`() {
        #expect(rendering([0, 0], isAudioDone: nil) == 20)
        #expect(rendering([50, 100], isAudioDone: nil) == 50)
        #expect(rendering([100, 200], isAudioDone: nil) == 80)
    }

    @Test func `the sound counts for a twentieth`() {
        #expect(rendering([100, 200], isAudioDone: false) == 77)
        #expect(rendering([0, 0], isAudioDone: true) == 23)
        #expect(rendering([100, 200], isAudioDone: true) == 80)
    }

    @Test func `frames beyond a chunk do not count`() {
        #expect(rendering([500, -3], isAudioDone: nil) == 40)
    }

    @Test func `progress never goes back while frames are added`() {
        var last = 0
        for done in 0...300 {
            let percent = rendering([min(done, 100), max(0, done - 100)], isAudioDone: done > 200)
            #expect(percent >= last)
            last = percent
        }
    }
}
