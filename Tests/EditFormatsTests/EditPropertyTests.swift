@testable import EditFormats
import Foundation
@testable import JSON
import Lowering
@testable import MediaTime
@testable import Randomness
@testable import RenderPlans
import Testing
import TestSupport

/// Properties of the plan of any edit.
@Suite struct EditPropertyTests {
    private static let fps: [JSONValue] = [
        24, 25, 30, 60, 23.976, 29.97, 59.94, 12.5, "30000/1001", "24000/1001", 119.999, 1,
    ]

    /// An edit that is valid in most cases: times of all sizes, `auto`, `end`, and now and then
    /// a start that overlaps another clip.
    private func edit(using random: inout SeededGenerator) -> JSONValue {
        let tracks = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            track(using: &random)
        }
        var timeline: [String: JSONValue] = ["tracks": .array(tracks)]
        if Bool.random(using: &random) {
            timeline["soundtrack"] = ["assetId": "ast_music", "effect": "fadeInFadeOut"]
        }
        return [
            "timeline": .object(timeline),
            "output": ["fps": Self.fps.randomElement(using: &random) ?? 30],
        ]
    }

    private func track(using random: inout SeededGenerator) -> JSONValue {
        // Where the last clip ends, in seconds; nil after a clip of automatic length.
        var end: Double? = 0
        var clips: [JSONValue] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            var clip = clip(using: &random)
            if let known = end, random.below(4) == 0 {
                let start = random.below(20) == 0 ? time(100, using: &random) : known + 0.5
                clip["start"] = .number(start)
                end = start
            }
            if let length = clip["length"]?.double {
                end = end.map { (($0 + length) * 1_000_000).rounded() / 1_000_000 }
            } else {
                end = nil
            }
            clips.append(.object(clip))
            if clip["length"] == "end" { break }
        }
        return ["clips": .array(clips)]
    }

    private func clip(using random: inout SeededGenerator) -> [String: JSONValue] {
        let assets: [(String, String)] = [
            ("video", "ast_1"), ("video", "ast_2"), ("video", "ast_upright"),
            ("image", "ast_png"), ("audio", "ast_music"), ("text", "Text"),
            ("caption", "cap_1"),
        ]
        let (type, assetID) = assets.randomElement(using: &random) ?? assets[0]
        let name = ["text": "text", "caption": "captions"][type] ?? "assetId"
        var asset: [String: JSONValue] = ["type": .string(type), name: .string(assetID)]
        var clip: [String: JSONValue] = [:]
        // The shortest source has 8 s, the captions 3 s.
        if Bool.random(using: &random) { asset["trim"] = .number(time(2.5, using: &random)) }
        let isStill = ["image", "text"].contains(type)
        if isStill, random.below(8) == 0 {
            clip["length"] = "end"
        } else if isStill || Bool.random(using: &random) {
            // A frame has up to one second.
            clip["length"] = .number(time(3, using: &random) + (random.below(10) > 0 ? 1 : 0.04))
        }
        clip["scale"] = .number(time(2, using: &random) + 0.01)
        clip["fit"] = [.string("crop"), "contain", "cover", "none"].randomElement(using: &random)
        let fadeSeconds = time(4, using: &random)
        if type != "caption" {
            clip["transition"] = ["in": "fade", "out": "fade", "length": .number(fadeSeconds)]
        }
        clip["asset"] = .object(asset)
        return clip
    }

    private func time(_ maximum: Double, using random: inout SeededGenerator) -> Double {
        let value = Double.random(in: 0...maximum, using: &random)
        return Bool.random(using: &random) ? (value * 100).rounded() / 100 : value
    }

    @Test func `any plan keeps the invariants of its type`() {
        var plans = 0
        var refusals: [String: Int] = [:]
        let seeds = testSeeds(1_000)
        for seed in seeds {
            var random = SeededGenerator(seed: seed)
            let edit = edit(using: &random)
            guard let plan = try? plan(edit) else {
                refusals[faults(edit).first?.detail ?? "", default: 0] += 1
                continue
            }
            plans += 1

            #expect(brokenPromises(of: plan) == [], "\(replayCommand(seed))")
        }
        // A replayed seed may be one of the refused edits.
        if seeds.count > 1 {
            let share = Double(plans) / Double(seeds.count)
            #expect(share >= 0.75, "\(refusals.sorted { $0.value > $1.value }.prefix(5))")
        }
    }

    private func brokenPromises(of plan: RenderPlan) -> [String] {
        var broken: [String] = []
        let end = plan.frameCount
        if plan.sampleCount < plan.audio.map(\.endSample).max() ?? 0 { broken.append("samples") }
        if Set(plan.sources.map(\.assetID)).count != plan.sources.count { broken.append("sources") }
        let placements = plan.layers.flatMap(\.placements)
        let used = Set(placements.compactMap(\.source) + plan.audio.map(\.source))
        if used != Set(plan.sources.indices) { broken.append("unused source") }
        for layer in plan.layers {
            for placement in layer.placements {
                let (frames, fades) = (
                    placement.frames, placement.fadeInFrames + placement.fadeOutFrames
                )
                if frames.isEmpty || frames.end > end { broken.append("frames") }
                if fades > frames.count { broken.append("fades") }
                if placement.box.width < 1 || placement.box.height < 1 { broken.append("box") }
            }
            for script in layer.scripts {
                let frames = script.frames
                if frames.isEmpty || frames.end > end { broken.append("script's frames") }
                if script.fadeInFrames + script.fadeOutFrames > frames.count {
                    broken.append("script's fades")
                }
            }
            for (clip, next) in zip(layer.placements, layer.placements.dropFirst())
            where clip.frames.end - next.frames.start > next.mixedFrames {
                broken.append("order")
            }
        }
        for audio in plan.audio {
            let fades = audio.fadeInSamples + audio.fadeOutSamples
            if audio.startSample >= audio.endSample { broken.append("audio") }
            if fades > audio.endSample - audio.startSample { broken.append("audio fades") }
        }
        if !tile(plan.chunks, end: end) { broken.append("chunks") }
        return broken
    }

    /// True for ranges that follow each other from 0 to the end, none empty.
    private func tile(_ ranges: [FrameRange], end: Int) -> Bool {
        ranges.first?.start == 0 && ranges.last?.end == end
            && ranges.allSatisfy { !$0.isEmpty }
            && zip(ranges, ranges.dropFirst()).allSatisfy { $0.end == $1.start }
    }

    @Test(arguments: [
        ([FrameRange(0, 2), FrameRange(2, 5)], true),
        ([FrameRange(0, 2), FrameRange(3, 6)], false),
        ([FrameRange(0, 3), FrameRange(2, 5)], false),
        ([FrameRange(0, 2), FrameRange(2, 2), FrameRange(2, 5)], false),
        ([FrameRange(1, 5)], false), ([FrameRange(0, 4)], false), ([], false),
    ])
    func `a gap, an overlap or an empty chunk is not a tiling`(ranges: [FrameRange], tiles: Bool) {
        #expect(tile(ranges, end: 5) == tiles)
    }

    @Test func `clips that touch in seconds touch in frames and in samples`() throws {
        for seed in testSeeds(300) {
            var random = SeededGenerator(seed: seed)
            let lengths = (0..<20).map { _ in time(3, using: &random) + 1 }
            let clips: [JSONValue] = lengths.map {
                ["asset": ["type": "video", "assetId": "ast_1"], "length": .number($0)]
            }
            let fps = Self.fps.randomElement(using: &random) ?? 30

            let plan = try plan([
                "timeline": ["tracks": [["clips": .array(clips)]]], "output": ["fps": fps],
            ])

            let pictures = plan.layers[0].placements
            let exact = lengths.compactMap { Rational(decimal: $0) }.reduce(.zero, +)
            let isJoined =
                zip(pictures, pictures.dropFirst()).allSatisfy { $0.frames.end == $1.frames.start }
                && zip(plan.audio, plan.audio.dropFirst())
                    .allSatisfy { $0.endSample == $1.startSample }
                && plan.frameCount == (exact * plan.output.frameRate).rounded
                && plan.sampleCount == plan.audio.last?.endSample
            #expect(isJoined, "\(replayCommand(seed))")
        }
    }

    @Test func `the largest allowed times and rates give a plan`() throws {
        var long = Assets.one
        long.media.durationMicroseconds = .max
        long.media.video?.width = 2_147_483_647
        long.media.video?.sampleAspectRatio = Rational(2_147_483_647)
        for fps in Self.fps + ["119999/1000", "120000/1001", 120] {
            let edit = try Edit(request: [
                "timeline": [
                    "tracks": [
                        [
                            "clips": [
                                [
                                    "asset": [
                                        "type": "video", "assetId": "ast_1",
                                        "trim": 999_999.999_999,
                                    ],
                                    "start": 0.000_001, "length": 86_399.999_999,
                                    "fit": "contain", "offset": ["x": 10, "y": -10],
                                ]
                            ]
                        ]
                    ]
                ],
                "output": ["fps": fps, "size": ["width": 7680, "height": 4320]],
            ])

            let plan = try edit.lowered(assets: ["ast_1": long])

            #expect(plan.frameCount == (Rational(86_400) * plan.output.frameRate).rounded)
        }
    }
}

extension RenderPlan.Placement {
    /// Frames at its start that it shares with the clip before it.
    fileprivate var mixedFrames: Int {
        transitionIn.map { $0.isMix ? $0.frames : 0 } ?? 0
    }
}
