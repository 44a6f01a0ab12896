import Jobs
@testable import MediaTime
import Testing

@Suite struct ExportProgressTests {
    private func rendering(_ done: [Int], audioDone: Rational?) -> Int {
        let ranges = [FrameRange(0, 100), FrameRange(100, 300)]
        return ExportProgress.rendering(
            work: .init(chunks: Array(zip(ranges, done)), audioDone: audioDone)
        ).percent
    }

    @Test func `each phase has its percentage`() {
        let phases: [ExportProgress] = [.accepted, .stitching, .finishing, .completed]

        #expect(phases.map(\.percent) == [10, 85, 95, 100])
    }

    @Test func `rendering runs from twenty to eighty with the frames`() {
        #expect(rendering([0, 0], audioDone: nil) == 20)
        #expect(rendering([50, 100], audioDone: nil) == 50)
        #expect(rendering([100, 200], audioDone: nil) == 80)
    }

    @Test func `audio counts for a twentieth of the progress`() {
        #expect(rendering([100, 200], audioDone: .zero) == 77)
        #expect(rendering([0, 0], audioDone: Rational(1)) == 23)
        #expect(rendering([100, 200], audioDone: Rational(1)) == 80)
    }

    @Test func `frames beyond a chunk do not count`() {
        #expect(rendering([500, -3], audioDone: nil) == 40)
    }

    @Test func `progress never goes back while frames are added`() {
        var last = 0
        for done in 0...300 {
            let percent = rendering(
                [min(done, 100), max(0, done - 100)], audioDone: done > 200 ? Rational(1) : .zero)
            #expect(percent >= last)
            last = percent
        }
    }
}
