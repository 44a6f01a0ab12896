import Captions
import FFmpeg
import FoundationEssentials
import MediaTime
import Randomness
import RenderPlans
import Testing
import TestSupport

/// Random edits over all sample files, rendered as a whole and in chunks.
@Suite struct RandomEditTests {
    private static let pictures: [SampleMedia.Sample] = [
        .ntsc, .pal, .odd, .phone, .transport, .cut, .wide, .logo, .photo,
    ]
    private static let rates = [
        Rational(30_000, 1_001), Rational(24_000, 1_001), Rational(25), Rational(30),
        Rational(60),
    ]

    static var seeds: [UInt64] {
        testSeeds(4)
    }

    private func edit(_ random: inout SeededGenerator) async throws -> Rendering {
        var rendering = try await Rendering(
            Self.pictures, frameCount: 100, width: 160, height: 120,
            rate: Self.rates[random.below(Self.rates.count)])
        rendering.plan.layers = (0..<(1 + random.below(3))).map { layer in
            RenderPlan.Layer(
                placements: placements(rendering, isBottom: layer == 0, &random),
                scripts: random.below(2) == 0 ? [script(&random)] : [])
        }
        return rendering
    }

    /// The cache requires that a chunk's bytes do not depend on other outputs of the run.
    @Test(arguments: seeds)
    func `outputs rendered together equal those rendered alone`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let rendering = try await edit(&random)
        let start = random.below(90)
        let range = FrameRange(start, start + 1 + random.below(100 - start))
        var plans = [rendering.plan, rendering.plan, rendering.plan]
        plans[1].output.video = RenderPlan.VideoEncoding(codec: .h264, preset: "ultrafast")
        (plans[1].output.width, plans[1].output.height) = (96, 128)
        (plans[2].output.width, plans[2].output.height) = (320, 180)

        let outputs = plans.enumerated().map { index, plan in
            ChunkOutput(range, of: plan, to: "\(rendering.folder)/together-\(index).mp4")
        }
        let reports = try await rendering.engine.renderChunks(
            outputs, sourceURLs: rendering.urls, progress: { _ in })

        #expect(reports.map(\.frames) == [range.count, range.count, range.count])
        for output in outputs {
            let alone = "\(output.path).alone.mp4"
            _ = try await rendering.engine.renderChunk(
                range, of: output.plan, sourceURLs: rendering.urls, to: alone)
            let same =
                try Data(contentsOf: URL(filePath: alone))
                == Data(contentsOf: URL(filePath: output.path))
            #expect(
                same, "\(replayCommand(seed)), \(range), \(output.path), \(rendering.plan.layers)")
        }
    }

    @Test(arguments: seeds)
    func `a random edit has the same frames for any cuts`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let rendering = try await edit(&random)
        var cuts = Set((0..<4).map { _ in 1 + random.below(99) })
        cuts.formUnion([0, 100])

        let whole = try await rendering.frameHashes(cuts: [0, 100])
        let pieces = try await rendering.frameHashes(cuts: cuts.sorted())

        let wrong = zip(whole, pieces).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
        #expect(whole.count == 100)
        #expect(pieces.count == 100)
        #expect(
            wrong == [],
            "\(replayCommand(seed)), cuts \(cuts.sorted()), \(rendering.plan.layers)")
    }

    private func script(_ random: inout SeededGenerator) -> RenderPlan.ScriptPlacement {
        let start = random.below(90) - 10
        let count = 1 + random.below(100)
        let content: RenderPlan.ScriptPlacement.Content
        if random.below(3) == 0 {
            content = .title(
                TextTitle(
                    "Title {\(random.below(9))}", TextTitle.Preset.allCases[random.below(3)],
                    width: 160, height: 120))
        } else {
            var time = 0
            let words = (0..<(1 + random.below(20))).map { index in
                let from = time + random.below(150)
                time = from + random.below(400)
                return CaptionWord("w\(index)", start: from, end: time)
            }
            let presets = CaptionStyle.Preset.allCases
            content = .captions(
                CaptionTrack(cues: [CaptionCue(start: 0, end: time, words: words)]),
                CaptionStyle(presets[random.below(presets.count)], width: 160, height: 120))
        }
        return RenderPlan.ScriptPlacement(
            content: content, frames: FrameRange(start, start + count),
            opacity: random.below(3) == 0 ? Rational(1 + random.below(9), 10) : Rational(1),
            rotation: random.below(3) == 0 ? Rational(random.below(720) - 360) : .zero,
            fadeInFrames: random.below(count), fadeOutFrames: random.below(count))
    }

    private func placements(
        _ rendering: Rendering, isBottom: Bool, _ random: inout SeededGenerator
    ) -> [RenderPlan.Placement] {
        var placements: [RenderPlan.Placement] = []
        var frame = random.below(20)
        // Frames at the end of the last placement that are not part of a transition.
        var free = 0
        while frame < 95 {
            let mixed = free > 1 && random.below(2) == 0 ? 1 + random.below(free - 1) : 0
            let start = frame - mixed
            let count = min(100 - start, mixed + 1 + random.below(50))
            var placement = picture(
                rendering, FrameRange(start, start + count), isBottom: isBottom, &random)
            let room = count - mixed
            if mixed > 0 {
                let kind = Self.kinds.randomElement(using: &random) ?? .fade
                placement.transitionIn = RenderPlan.Transition(
                    kind: kind, frames: mixed, isMix: true)
                // The transition of the next clip mixes the end of this one.
                placements[placements.count - 1].transitionOut = nil
            } else if random.below(2) == 0 {
                placement.transitionIn = transition(room / 2, &random)
            }
            if random.below(2) == 0 { placement.transitionOut = transition(room / 2, &random) }
            placements.append(placement)
            let gap = random.below(2) == 0 ? 0 : random.below(20)
            frame = start + count + gap
            free = gap == 0 ? room - (placement.transitionIn?.frames ?? 0) : 0
        }
        return placements
    }

    private static let kinds = RenderPlan.TransitionKind.allCases

    private func transition(
        _ maximum: Int, _ random: inout SeededGenerator
    ) -> RenderPlan.Transition? {
        guard maximum > 0 else { return nil }
        let kind = random.below(2) == 0 ? .fade : Self.kinds.randomElement(using: &random) ?? .fade
        return RenderPlan.Transition(kind: kind, frames: 1 + random.below(maximum))
    }

    private func picture(
        _ rendering: Rendering, _ frames: FrameRange, isBottom: Bool,
        _ random: inout SeededGenerator
    ) -> RenderPlan.Placement {
        let isFull = isBottom && random.below(3) > 0
        let box =
            isFull
            ? rendering.full
            : RenderPlan.Box(
                x: random.below(120) - 20, y: random.below(90) - 20,
                width: 2 + random.below(120), height: 2 + random.below(90))
        let speeds = [Rational(1), Rational(1), Rational(1, 2), Rational(5, 4), Rational(2)]
        let speed = speeds[random.below(speeds.count)]
        let seconds = Rational(frames.count) / rendering.plan.output.frameRate * speed
        let latest = max(1, ((Rational(9, 2) - seconds) * Rational(1_000)).floor)
        var placement = RenderPlan.Placement(
            picture: random.below(8) == 0
                ? .color("8040c0") : .source(random.below(Self.pictures.count)),
            frames: frames, sourceStart: Rational(random.below(latest), 1_000),
            speed: seconds < Rational(9, 2) ? speed : Rational(1),
            fit: RenderPlan.Fit.allCases[random.below(5)],
            focus: RenderPlan.Point(
                x: Rational(random.below(11), 10), y: Rational(random.below(11), 10)), box: box,
            opacity: random.below(3) == 0 ? Rational(1 + random.below(9), 10) : Rational(1))
        if random.below(4) == 0 {
            let angles = [
                Rational(90), Rational(180), Rational(-90), Rational(15, 2), Rational(-40),
            ]
            placement.rotation = angles[random.below(angles.count)]
        }
        if random.below(4) == 0 {
            placement.crop = RenderPlan.Insets(
                top: Rational(random.below(40), 100), right: Rational(random.below(40), 100),
                bottom: Rational(random.below(40), 100), left: Rational(random.below(40), 100))
        }
        if random.below(3) == 0 {
            placement.effects = RenderPlan.Effects(
                brightness: Rational(random.below(21) - 10, 20),
                contrast: Rational(random.below(20), 10),
                saturation: Rational(random.below(20), 10),
                blur: random.below(2) == 0 ? Rational(1, 50) : .zero,
                isNegative: random.below(3) == 0)
        }
        return placement
    }
}
