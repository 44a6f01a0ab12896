@testable import EditFormats
import Foundation
import Lowering
@testable import MediaTime
@testable import Planning
@testable import Randomness
import RenderPlans
import Testing
import TestSupport

@Suite struct ChunkPlannerTests {
    private func seconds(
        _ timeline: Int, edges: [Int] = [], concurrency: Int = 2, requested: Rational? = nil,
        size: (Int, Int) = (1920, 1080), rate: Int = 30
    ) -> [Double] {
        ChunkPlanner(concurrency: concurrency).chunks(
            frameCount: timeline * rate, frameRate: Rational(rate),
            clipEdges: edges.map { ClipEdge($0 * rate) }, pixelsPerFrame: size.0 * size.1,
            requestedSeconds: requested
        ).map { Double($0.count) / Double(rate) }
    }

    @Test func `a minute on two instances is six chunks of ten seconds`() {
        #expect(seconds(60) == [10, 10, 10, 10, 10, 10])
    }

    @Test func `a minute has at least six chunks for any clip edges`() {
        for edge in stride(from: 1, to: 60, by: 1) {
            for other in stride(from: edge + 1, to: 60, by: 3) {
                #expect(seconds(60, edges: [edge, other]).count >= 6)
            }
        }
    }

    @Test func `a border moves to a nearby clip edge`() {
        #expect(seconds(60, edges: [9, 20, 31, 42]) == [9, 11, 11, 11, 10, 8])
    }

    @Test func `borders inside a long clip lie on the clip's grid`() {
        // The second clip starts at 2 s, too near to end a chunk there.
        #expect(seconds(60, edges: [2]) == [7, 10, 10, 10, 10, 5, 8])
    }

    @Test func `a clip long enough for a chunk is one chunk`() {
        // So a change of one clip is a change of one chunk.
        func cut(_ length: Int, _ edges: [Int]) -> [Double] {
            seconds(length, edges: edges, requested: Rational(10))
        }
        #expect(cut(41, [6, 13, 21, 26, 34]) == [6, 7, 8, 5, 8, 7])
        // Also a short one, as long as the next needs none of it.
        #expect(cut(40, [6, 13, 21, 25, 33]) == [6, 7, 8, 4, 8, 7])
        #expect(cut(38, [6, 13, 21, 25, 28]) == [6, 7, 8, 7, 10])
    }

    @Test func `a short timeline is one chunk`() {
        #expect(seconds(4) == [4])
    }

    @Test func `many idle instances render a minute in chunks of five seconds`() {
        #expect(seconds(60, concurrency: 20) == Array(repeating: 5, count: 12))
    }

    @Test func `shorter chunks let instances end together`() {
        // 10 and 5 would take as long as 10 alone.
        #expect(seconds(15) == [7.5, 7.5])
        #expect(seconds(30) == [7.5, 7.5, 7.5, 7.5])
        #expect(seconds(20) == [10, 10])
        // Three waves of 10 and one of 5, or of 7.5, are four.
        #expect(seconds(65, concurrency: 2).max() == 10)
        // Where clips end decides as well: of these, 10 would leave one of 7 and
        // one of 10 to the end.
        #expect(seconds(38, edges: [6, 13, 21, 25, 28]) == [6, 7, 8, 4, 3, 5, 5])
        #expect(seconds(100) == Array(repeating: 10, count: 10))
    }

    @Test func `one instance gets no short chunks`() {
        #expect(seconds(60, concurrency: 1) == Array(repeating: 10, count: 6))
    }

    @Test func `an hour on two instances is cut into minutes`() {
        #expect(seconds(3600) == Array(repeating: 60, count: 60))
    }

    @Test func `a requested length is kept`() {
        #expect(seconds(6, requested: Rational(1)) == Array(repeating: 1, count: 6))
    }

    @Test func `the longest timeline stays within the chunk limit for any request`() {
        let chunks = ChunkPlanner().chunks(
            frameCount: Limits.timelineSecondsMax * 120, frameRate: Rational(120),
            clipEdges: [], pixelsPerFrame: 1, requestedSeconds: Rational(1, 10))

        #expect(chunks.count <= Limits.chunkCountMax)
    }

    @Test func `chunks of large frames fit into a function's time`() {
        let planner = ChunkPlanner(concurrency: 2, functionTimeMax: .seconds(60))
        let chunks = planner.chunks(
            frameCount: 60 * 60, frameRate: Rational(60), clipEdges: [],
            pixelsPerFrame: 3840 * 2160)

        #expect(chunks.allSatisfy { $0.count <= 2 * 60 })
    }

    @Test(arguments: [
        (#""codec":"h264""#, Duration.seconds(300)),
        (#""codec":"hevc","preset":"slower""#, .seconds(300)),
        (#""codec":"vp9","preset":"veryslow""#, .seconds(300)),
        (#""codec":"hevc","preset":"veryslow""#, .seconds(60)),
    ])
    func `a slow encoder's chunks fit into a function's time`(
        output: String, functionTimeMax: Duration
    ) throws {
        let plan = try Edit(
            request: request(
                """
                {"timeline":{"tracks":[{"clips":[
                {"asset":{"type":"color","color":"#204060"},"length":60}]}]},
                "output":{"resolution":"1080","fps":30,\(output)}}
                """)
        ).lowered(
            assets: [:], captions: [:], unready: [:],
            planner: ChunkPlanner(concurrency: 2, functionTimeMax: functionTimeMax))

        let seconds = plan.chunks.map {
            Double($0.count * 1_920 * 1_080) / 1e9
                * EncoderCost.nanosecondsPerPixel(plan.output.video)
        }
        // A second of film is the least that is planned.
        #expect(
            (seconds.max() ?? 0)
                <= max(
                    (functionTimeMax / .seconds(1)) * ChunkPlanner.Cost.deadlineShare * 1.1,
                    1.1 * 30 * 1_920 * 1_080 * 1_086 / 1e9))
        #expect(plan.chunks.count >= 6)
    }

    @Test func `chunks tile any timeline, none empty, none longer than planned`() {
        for seed in testSeeds(300) {
            var random = SeededGenerator(seed: seed)
            let rates = [Rational(30), Rational(30_000, 1_001), Rational(25), Rational(1)]
            let frameCount = Int.random(in: 1...20_000, using: &random)
            let edges = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                ClipEdge(
                    Int.random(in: 0...frameCount, using: &random),
                    number: UInt64.random(in: 0...3, using: &random))
            }
            let requested =
                Bool.random(using: &random)
                ? Rational(Int.random(in: 1...300, using: &random), 10) : nil
            let planner = ChunkPlanner(concurrency: Int.random(in: 1...64, using: &random))

            let chunks = planner.chunks(
                frameCount: frameCount, frameRate: rates.randomElement(using: &random)!,
                clipEdges: edges, pixelsPerFrame: 1920 * 1080, requestedSeconds: requested)

            let isTiling =
                chunks.first?.start == 0 && chunks.last?.end == frameCount
                && zip(chunks, chunks.dropFirst()).allSatisfy { $0.end == $1.start }
                && chunks.allSatisfy { !$0.isEmpty } && chunks.count <= Limits.chunkCountMax
            #expect(isTiling, "\(replayCommand(seed))")
        }
    }

    @Test func `chunks have half to eleven tenths of the wanted length, a lone clip three tenths`()
    {
        for seed in testSeeds(300) {
            var random = SeededGenerator(seed: seed)
            let wanted = Int.random(in: 1...400, using: &random)
            let frameCount = Int.random(in: 1...5_000, using: &random)
            let edges = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                ClipEdge(
                    Int.random(in: 0...frameCount, using: &random),
                    number: UInt64.random(in: 0...3, using: &random))
            }

            let chunks = ChunkCutter(frameCount: frameCount, wanted: wanted).chunks(edges: edges)

            let isWithin =
                chunks.count == 1
                || chunks.allSatisfy {
                    10 * $0.count >= 3 * wanted && $0.count <= max(1, wanted + wanted / 10)
                }
                    && zip(chunks, chunks.dropFirst()).allSatisfy { chunk, next in
                        2 * chunk.count >= wanted
                            || edges.contains { $0.frame == chunk.end }
                                && 2 * next.count >= wanted
                    } && 2 * (chunks.last?.count ?? 0) >= wanted
            #expect(isWithin, "\(replayCommand(seed)) \(wanted) \(chunks.map(\.count))")
        }
    }

    @Test func `a later change moves no earlier border`() {
        for seed in testSeeds(200) {
            var random = SeededGenerator(seed: seed)
            let edges = (0..<40).map { _ in
                ClipEdge(
                    Int.random(in: 0...9_000, using: &random), number: random.next())
            }
            let change = Int.random(in: 3_000...9_000, using: &random)
            let moved = edges.map {
                $0.frame < change ? $0 : ClipEdge($0.frame + 7, number: $0.number)
            }

            let before = ChunkCutter(frameCount: 9_000, wanted: 300).chunks(edges: edges)
            let after = ChunkCutter(frameCount: 9_007, wanted: 300).chunks(edges: moved)

            let untouched = before.filter { $0.end < change - 330 }
            #expect(
                Array(after.prefix(untouched.count)) == untouched, "\(replayCommand(seed))")
        }
    }

    @Test func `borders return to their places after a change`() {
        // Three seconds a clip: two or three of them make a chunk.
        var random = SeededGenerator(seed: 5)
        let numbers = (0..<60).map { _ in random.next() }
        func chunks(without dropped: Int?) -> [[UInt64]] {
            let clips = numbers.indices.filter { $0 != dropped }
            let edges = clips.indices.map { ClipEdge($0 * 90, number: numbers[clips[$0]]) }
            let ranges = ChunkPlanner().chunks(
                frameCount: clips.count * 90, frameRate: Rational(30), clipEdges: edges,
                pixelsPerFrame: 640 * 360)
            return ranges.map { range in
                (range.start / 90..<range.end / 90).map { numbers[clips[$0]] }
            }
        }
        let first = Set(chunks(without: nil))

        for dropped in stride(from: 1, to: 55, by: 6) {
            let added = chunks(without: dropped).filter { !first.contains($0) }
            #expect(added.count <= 6, "without clip \(dropped)")
        }
    }
}
