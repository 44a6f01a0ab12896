import Jobs
import MediaTime
import Randomness
import Testing
import TestSupport

@Suite struct TilingTests {
    private let whole = FrameRange(0, 10)

    @Test func `adjacent ranges tile the whole`() {
        let ranges = [FrameRange(5, 10), FrameRange(0, 5)]

        #expect(Tiling.cover(whole, with: ranges) == [FrameRange(0, 5), FrameRange(5, 10)])
    }

    @Test(arguments: [
        [], [FrameRange(0, 4), FrameRange(5, 10)], [FrameRange(0, 11)], [FrameRange(1, 10)],
        [FrameRange(0, 6), FrameRange(5, 10)],
    ])
    func `a gap, an overlap or an overhang tiles nothing`(ranges: [FrameRange]) {
        #expect(Tiling.cover(whole, with: ranges) == nil)
    }

    @Test func `a long range that leads to no tiling is replaced by shorter ones`() {
        let ranges = [FrameRange(0, 7), FrameRange(0, 3), FrameRange(3, 10)]

        #expect(Tiling.cover(whole, with: ranges) == [FrameRange(0, 3), FrameRange(3, 10)])
    }

    @Test func `every set of ranges that tiles a short line is found`() {
        // All subsets of all ranges on 0..<4: 2 to the 10th cases.
        let line = FrameRange(0, 4)
        let all = (0..<4).flatMap { start in (start + 1...4).map { FrameRange(start, $0) } }
        for mask in 0..<(1 << all.count) {
            let ranges = all.indices.filter { mask >> $0 & 1 == 1 }.map { all[$0] }
            let found = Tiling.cover(line, with: ranges)
            #expect((found != nil) == Self.reachable(line, ranges))
            guard let found else { continue }
            #expect(found.first?.start == 0 && found.last?.end == 4)
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.end == $1.start })
        }
    }

    private static func reachable(_ line: FrameRange, _ ranges: [FrameRange]) -> Bool {
        var reached: Set<Int> = [line.start]
        for position in line.start..<line.end where reached.contains(position) {
            for range in ranges where range.start == position { reached.insert(range.end) }
        }
        return reached.contains(line.end)
    }

    @Test func `a range that holds a finer one is dropped`() {
        let ranges = [
            FrameRange(0, 5), FrameRange(5, 10), FrameRange(5, 7), FrameRange(7, 10),
            FrameRange(7, 8), FrameRange(8, 10),
        ]

        #expect(
            Tiling.finest(ranges) == [
                FrameRange(0, 5), FrameRange(5, 7), FrameRange(7, 8), FrameRange(8, 10),
            ])
    }

    @Test func `parts with a gap replace nothing`() {
        let whole = FrameRange(0, 10)
        #expect(Tiling.finest([whole, FrameRange(5, 10)]) == [whole])
        #expect(Tiling.finest([whole, FrameRange(0, 4), FrameRange(5, 10)]) == [whole])
        // Parts of a range that was split twice; each split is a tiling.
        let parts = [
            FrameRange(0, 5), FrameRange(5, 10), FrameRange(0, 4), FrameRange(4, 7),
            FrameRange(7, 10),
        ]
        #expect(Tiling.finest([whole] + parts) == [FrameRange(0, 5), FrameRange(5, 10)])
        #expect(Tiling.finest([FrameRange]()) == [])
        #expect(Tiling.finest([FrameRange(3, 4), FrameRange(0, 2)]).first == FrameRange(0, 2))
    }

    @Test func `the finest ranges of any splits tile the whole`() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var ranges = [FrameRange(0, 1_000)]
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let range = ranges.randomElement(using: &random)!
                guard range.count > 1 else { continue }
                let middle = Int.random(in: (range.start + 1)..<range.end, using: &random)
                ranges += [FrameRange(range.start, middle), FrameRange(middle, range.end)]
            }
            // One part was lost.
            if ranges.count > 1, Bool.random(using: &random) {
                ranges.remove(at: Int.random(in: 1..<ranges.count, using: &random))
            }
            let finest = Tiling.finest(ranges.shuffled(using: &random))
            let isTiling =
                finest.first?.start == 0 && finest.last?.end == 1_000
                && zip(finest, finest.dropFirst()).allSatisfy { $0.end == $1.start }
            #expect(isTiling, "seed \(seed): \(ranges) gave \(finest)")
        }
    }
}
