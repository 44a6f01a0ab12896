@testable import EditFormats
import Foundation
@testable import JSON
import Lowering
@testable import MediaTime
@testable import RenderPlans
import Testing
import TestSupport

/// The shapes of a request beside the timeline: clip, variations,
/// OpenTimelineIO, and an output like its source.
@Suite struct RequestShapeTests {
    private func fixture(_ name: String) throws -> JSONValue {
        try #require(EditFixture.all.first { $0.name == name }).request
    }

    // MARK: Clip

    @Test func `a clip is a segment with captions and a title above it`() throws {
        let edit = try Edit(request: fixture("valid.clip"))
        let plan = try plan(fixture("valid.clip"))

        #expect(edit.tracks.count == 3)
        #expect(plan.frameCount == 255)
        #expect((plan.output.width, plan.output.height) == (1080, 1080))
        #expect(plan.output.video.crf == 18)
        let picture = try #require(plan.layers.first?.placements.first)
        #expect(picture.fit == .blur)
        #expect(picture.sourceStart == Rational(7, 2))
        guard case .captions(let captions) = edit.tracks[1].clips[0].content else {
            return #expect(Bool(false))
        }
        #expect(captions.trim.value == Rational(7, 2))
    }

    @Test func `a clip request is upright by default`() throws {
        let plan = try plan(fixture("valid.clip-short"))

        #expect((plan.output.width, plan.output.height) == (1080, 1920))
        #expect(plan.output.audio.bitsPerSecond == 192_000)
    }

    // MARK: Like its source

    @Test func `an output takes size and rate of the main source`() throws {
        let plan = try plan(fixture("valid.output-like-source"))

        #expect((plan.output.width, plan.output.height) == (1280, 720))
        #expect(plan.output.frameRate == Rational(30_000, 1_001))
        #expect(
            plan.output.video.ceiling == .init(kilobitsPerSecond: 2_500, bufferKilobits: 4_000))
    }

    // MARK: OpenTimelineIO

    @Test func `an OpenTimelineIO document becomes clips, gaps and dissolves`() throws {
        let plan = try plan(fixture("valid.otio"))

        let pictures = plan.layers[0].placements
        // The dissolve reaches 6 frames before the cut at 72 and 12 behind it.
        #expect(
            pictures.map(\.frames) == [
                FrameRange(0, 84), FrameRange(66, 120), FrameRange(132, 156),
            ])
        #expect(
            pictures[1].transitionIn
                == RenderPlan.Transition(kind: .fade, frames: 18, isMix: true))
        #expect(pictures.map(\.sourceStart) == [Rational(1), Rational(1, 2), .zero])
        #expect(pictures.map(\.speed) == [Rational(1), Rational(2), Rational(1)])
        // There is an audio track, so video clips are silent.
        #expect(plan.audio.map { plan.sources[$0.source].assetID } == ["ast_music"])
    }

    @Test func `unsupported parts of an OpenTimelineIO document are listed`() throws {
        let edit = try Edit(request: fixture("valid.otio"))

        #expect(
            edit.dropped == [
                FieldFault(
                    pointer: "/otio/tracks/children/0/markers",
                    detail: "is ignored: the array has 1 element"),
                FieldFault(
                    pointer: "/otio/tracks/children/0/children/2/effects/1",
                    detail: "is ignored: unsupported effect Effect"),
            ])
    }

    // MARK: Variations

    private func variations(
        _ assets: [String] = ["ast_1", "ast_2"], count: Int = 3, seed: Int = 7
    ) throws -> [Variations.Variation] {
        let request: JSONValue = [
            "variations": [
                "assets": .array(assets.map { .string($0) }), "count": .number(Double(count)),
                "seed": .number(Double(seed)),
            ]
        ]
        return try #require(try Variations(request: request, freshSeed: 1)).variations
    }

    @Test func `each asset has variations within the ranges of Video Refresher`() throws {
        let drawn = try variations(count: 50)

        #expect(drawn.map(\.assetID) == (0..<100).map { $0 < 50 ? "ast_1" : "ast_2" })
        #expect(drawn.map(\.number) == Array(1...50) + Array(1...50))
        for effects in drawn.map(\.effects) {
            #expect((0.001...0.01).contains(effects.rotationRadians))
            #expect((-0.05...0.05).contains(effects.brightness))
            #expect((0.95...1.05).contains(effects.contrast))
            #expect((0.95...1.05).contains(effects.saturation))
        }
        #expect(Set(drawn.map(\.effects)).count == 100)
        #expect(drawn.contains { $0.effects.brightness < -0.03 })
        #expect(drawn.contains { $0.effects.brightness > 0.03 })
    }

    @Test func `a seed gives the same variations for any count`() throws {
        let few = try variations(count: 2)
        let many = try variations(["ast_1", "ast_2", "ast_upright"], count: 5)

        #expect(few[0] == many[0])
        #expect(few[3] == many[6])
        #expect(try variations(seed: 8)[0].effects != few[0].effects)
    }

    @Test func `a stored variation gives the same edit again`() throws {
        let variation = try variations(count: 1)[0]

        let again = try Edit(request: variation.request)

        #expect(
            try again.lowered(assets: Assets.all) == variation.edit.lowered(assets: Assets.all))
        let plan = try again.lowered(assets: Assets.all)
        #expect((plan.output.width, plan.output.height) == (1920, 1080))
        #expect(plan.output.frameRate == Rational(30_000, 1_001))
        #expect(plan.output.video.crf == 23)
        #expect(plan.output.video.preset == "medium")
        let effects = variation.effects
        let clip = plan.layers[0].placements[0]
        #expect(abs(clip.rotation.doubleValue * .pi / 180 - effects.rotationRadians) < 1e-7)
        #expect(abs(clip.effects.brightness.doubleValue - effects.brightness) < 1e-9)
    }

    @Test func `faults of variations name their fields`() throws {
        func faults(_ json: String) throws -> [FieldFault] {
            do {
                _ = try Variations(request: request(json), freshSeed: 1)
                return []
            } catch let error as EditFaults { return error.faults }
        }
        #expect(
            try faults(#"{"variations":{"assets":["a/b"],"count":0,"seed":-1},"timeline":{}}"#)
                .map(\.pointer) == [
                    "/timeline", "/variations/count", "/variations/seed", "/variations/assets/0",
                ])
        #expect(
            try faults(#"{"variations":{"assets":[]}}"#).map(\.pointer) == [
                "/variations/count", "/variations/assets",
            ])
        #expect(
            try faults(#"{"variations":{"assets":["a"],"count":1},"output":{"crf":99}}"#)
                .map(\.pointer) == ["/output/crf"])
        #expect(try Variations(request: request("{}"), freshSeed: 1) == nil)
    }
}
