@testable import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct FrameExactTests {
    /// Sources of every kind, gaps, fades, layers, alpha: 240 frames.
    private func mixed() async throws -> Rendering {
        var rendering = try await Rendering(
            [.ntsc, .pal, .odd, .phone, .transport, .logo, .photo, .cut, .wide], frameCount: 240)
        let full = rendering.full
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 60), sourceStart: Rational(1, 3), box: full),
                RenderPlan.Placement(
                    source: 1, frames: FrameRange(60, 110), sourceStart: Rational(21, 10),
                    fit: .contain, box: full),
                RenderPlan.Placement(
                    source: 2, frames: FrameRange(120, 150), sourceStart: Rational(2), box: full),
                RenderPlan.Placement(
                    source: 7, frames: FrameRange(150, 170), sourceStart: Rational(1), box: full),
                RenderPlan.Placement(
                    source: 3, frames: FrameRange(170, 240), sourceStart: Rational(9, 10),
                    fit: .cover, box: full, fadeInFrames: 10, fadeOutFrames: 12),
            ]),
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 4, frames: FrameRange(90, 150), sourceStart: Rational(7, 10),
                    fit: .contain, box: RenderPlan.Box(x: 11, y: 20, width: 101, height: 77)),
                RenderPlan.Placement(
                    source: 8, frames: FrameRange(160, 220), sourceStart: Rational(17, 10),
                    fit: .none, box: RenderPlan.Box(x: 150, y: -20, width: 120, height: 90),
                    opacity: Rational(2, 3), fadeOutFrames: 20),
            ]),
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 5, frames: FrameRange(30, 200), fit: .contain,
                    box: RenderPlan.Box(x: 220, y: 100, width: 90, height: 70),
                    opacity: Rational(3, 4), fadeInFrames: 15, fadeOutFrames: 15),
                RenderPlan.Placement(
                    source: 6, frames: FrameRange(205, 235),
                    box: RenderPlan.Box(x: 0, y: 90, width: 81, height: 61)),
            ]),
        ]
        return rendering
    }

    /// More than the system takes as one argument of a command.
    @Test func `a graph too long for an argument renders the same frames in pieces`() async throws {
        var rendering = try await Rendering([.ntsc], frameCount: 240, width: 96, height: 54)
        rendering.plan.layers = [
            RenderPlan.Layer(
                placements: (0..<240).map { frame in
                    var placement = RenderPlan.Placement(
                        source: 0, frames: FrameRange(frame, frame + 1),
                        sourceStart: Rational(frame * 7 % 150, 30), box: rendering.full)
                    placement.effects.contrast = Rational(11, 10)
                    return placement
                })
        ]
        let graph = try FilterGraph(
            FrameRange(0, 240), of: rendering.plan, sourceURLs: rendering.urls)
        #expect(graph.text.utf8.count > GraphText.argumentBytesMax)

        let whole = try await rendering.frameHashes(cuts: [0, 240])
        let pieces = try await rendering.frameHashes(cuts: [0, 80, 160, 240])

        #expect(whole.count == 240)
        #expect(whole == pieces)
    }

    @Test func `frames do not depend on the cuts of the timeline`() async throws {
        let rendering = try await mixed()

        let whole = try await rendering.frameHashes(cuts: [0, 240])

        #expect(whole.count == 240)
        #expect(Set(whole).count > 200)
        for cuts in [
            [0, 60, 120, 180, 240], [0, 7, 61, 119, 121, 175, 201, 240],
            [0, 45, 90, 135, 180, 225, 239, 240],
        ] {
            let pieces = try await rendering.frameHashes(cuts: cuts)
            let wrong = zip(whole, pieces).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
            #expect(pieces.count == 240, "cuts \(cuts)")
            #expect(wrong == [], "cuts \(cuts)")
        }
    }

    @Test func `a chunk of forty clips has every frame`() async throws {
        var rendering = try await Rendering([.ntsc, .pal, .odd], frameCount: 120)
        rendering.plan.layers = [
            RenderPlan.Layer(
                placements: (0..<40).map { index in
                    RenderPlan.Placement(
                        source: index % 3, frames: FrameRange(3 * index, 3 * index + 3),
                        sourceStart: Rational(index, 9), box: rendering.full)
                })
        ]

        let whole = try await rendering.frameHashes(cuts: [0, 120])
        let pieces = try await rendering.frameHashes(cuts: [0, 50, 61, 120])

        #expect(whole.count == 120)
        #expect(whole == pieces)
    }
}
