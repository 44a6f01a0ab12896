import Editing
import FFmpeg
import FoundationEssentials
import TestSupport
import Testing

/// Random edits over all samples, rendered whole and in pieces. A seed that
/// fails is in the failure's text; `SPOOL_RANDOM_EDITS=100` tries that many.
@Suite struct RandomEditTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }

        mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    }

    private static let pictures: [SampleMedia.Sample] = [
        .ntsc, .pal, .odd, .phone, .transport, .cut, .wide, .logo, .photo,
    ]
    private static let rates = [
        Rational(30_000, 1_001), Rational(24_000, 1_001), Rational(25), Rational(30),
        Rational(60),
    ]

    static var seeds: [UInt64] {
        let count = ProcessInfo.processInfo.environment["SPOOL_RANDOM_EDITS"].flatMap { Int($0) }
        return (0..<UInt64(count ?? 3)).map { $0 &+ 1 }
    }

    @Test(arguments: seeds)
    func `any edit has the same frames however it is cut`(seed: UInt64) async throws {
        var random = Generator(state: seed)
        var rendering = try await Rendering(
            Self.pictures, frameCount: 100, width: 160, height: 120,
            rate: Self.rates[random.below(Self.rates.count)])
        rendering.plan.layers = (0..<(1 + random.below(3))).map { layer in
            RenderPlan.Layer(
                placements: placements(rendering, isBottom: layer == 0, &random))
        }
        var cuts = Set((0..<4).map { _ in 1 + random.below(99) })
        cuts.formUnion([0, 100])

        let whole = try await rendering.frameHashes(cuts: [0, 100])
        let pieces = try await rendering.frameHashes(cuts: cuts.sorted())

        let wrong = zip(whole, pieces).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
        #expect(whole.count == 100)
        #expect(pieces.count == 100)
        #expect(wrong == [], "seed \(seed), cuts \(cuts.sorted()), \(rendering.plan.layers)")
    }

    private func placements(
        _ rendering: Rendering, isBottom: Bool, _ random: inout Generator
    ) -> [RenderPlan.Placement] {
        var placements: [RenderPlan.Placement] = []
        var frame = random.below(20)
        while frame < 95 {
            let count = min(100 - frame, 1 + random.below(50))
            let seconds = Rational(count) / rendering.plan.output.frameRate
            let latest = max(1, ((Rational(9, 2) - seconds) * Rational(1_000)).floor)
            let isFull = isBottom && random.below(3) > 0
            let box =
                isFull
                ? rendering.full
                : RenderPlan.Box(
                    x: random.below(120) - 20, y: random.below(90) - 20,
                    width: 2 + random.below(120), height: 2 + random.below(90))
            let fades = random.below(2) == 0
            placements.append(
                RenderPlan.Placement(
                    source: random.below(Self.pictures.count),
                    frames: FrameRange(frame, frame + count),
                    sourceStart: Rational(random.below(latest), 1_000),
                    fit: RenderPlan.Fit.allCases[random.below(4)], box: box,
                    opacity: random.below(3) == 0 ? Rational(1 + random.below(9), 10) : Rational(1),
                    fadeInFrames: fades ? random.below(count) : 0,
                    fadeOutFrames: fades ? random.below(count) : 0))
            frame += count + (random.below(2) == 0 ? 0 : random.below(20))
        }
        return placements
    }
}
