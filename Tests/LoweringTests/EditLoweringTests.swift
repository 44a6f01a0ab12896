import Foundation
@testable import MediaTime
@testable import RenderPlans
import Testing
import TestSupport

@Suite struct EditLoweringTests {
    @Test func `clips from two sources follow each other without a gap`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1","trim":4.2},"length":5.5}"#,
                #"{"asset":{"type":"video","assetId":"ast_2","volume":0.8}}"#,
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":1}"#))

        let box = RenderPlan.Box(width: 1920, height: 1080)
        #expect(
            plan
                == RenderPlan(
                    output: .init(width: 1920, height: 1080, frameRate: Rational(30)),
                    frameCount: 495, sources: [Assets.one, Assets.two],
                    layers: [
                        .init(placements: [
                            .init(
                                source: 0, frames: FrameRange(0, 165),
                                sourceStart: Rational(21, 5), box: box),
                            .init(source: 1, frames: FrameRange(165, 465), box: box),
                            .init(source: 0, frames: FrameRange(465, 495), box: box),
                        ])
                    ],
                    audio: [
                        .init(
                            source: 0, startSample: 0, endSample: 264_000,
                            sourceStart: Rational(21, 5)),
                        .init(
                            source: 1, startSample: 264_000, endSample: 744_000,
                            volume: Rational(4, 5)),
                        .init(source: 0, startSample: 744_000, endSample: 792_000),
                    ],
                    chunks: [
                        FrameRange(0, 165), FrameRange(165, 315), FrameRange(315, 390),
                        FrameRange(390, 495),
                    ]))
    }

    @Test func `the first track is the top layer`() throws {
        let plan = try plan(
            """
            {"timeline":{"background":"#FF8000","tracks":[
              {"clips":[{"asset":{"type":"image","assetId":"ast_png"},"start":1,"length":"end",
                "fit":"none","position":"topRight","offset":{"x":-0.05,"y":-0.1},
                "opacity":0.5,"transition":{"in":"fade","out":"fade","length":0.5}}]},
              {"clips":[{"asset":{"type":"video","assetId":"ast_upright"},"fit":"contain"}]}]},
             "output":{"resolution":"hd","fps":25}}
            """)

        #expect(plan.output.background == "ff8000")
        #expect(plan.audio.isEmpty)
        #expect(plan.sources.map(\.assetID) == ["ast_upright", "ast_png"])
        #expect(
            plan.layers == [
                .init(placements: [
                    .init(
                        source: 0, frames: FrameRange(0, 200), fit: .cover,
                        box: .init(x: 437, y: 0, width: 405, height: 720))
                ]),
                .init(placements: [
                    .init(
                        source: 1, frames: FrameRange(25, 200), fit: .none,
                        box: .init(x: 1280 - 400 - 64, y: 72, width: 400, height: 200),
                        opacity: Rational(1, 2), fadeInFrames: 13, fadeOutFrames: 13)
                ]),
            ])
    }

    @Test func `a soundtrack spans the timeline and fades`() throws {
        let plan = try plan(
            """
            {"timeline":{"tracks":[{"clips":[
              {"asset":{"type":"video","assetId":"ast_1","volume":0},"length":3}]}],
              "soundtrack":{"assetId":"ast_music","effect":"fadeInFadeOut","volume":0.2}}}
            """)

        #expect(
            plan.audio == [
                .init(
                    source: 1, startSample: 0, endSample: 144_000, volume: Rational(1, 5),
                    fadeInSamples: 72_000, fadeOutSamples: 72_000, loops: true)
            ])
    }

    @Test func `an audio clip fades in and out`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"audio","assetId":"ast_music","trim":1},"start":0.5,"#
                    + #""length":4,"transition":{"out":"fade"}}"#))

        #expect(plan.layers.isEmpty)
        #expect(plan.frameCount == 135)
        #expect(
            plan.audio == [
                .init(
                    source: 0, startSample: 24_000, endSample: 216_000, sourceStart: Rational(1),
                    fadeOutSamples: 48_000)
            ])
    }

    @Test func `clip edges at NTSC rates are rounded once and stay joined`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"start":0,"length":3.333}"#,
                #"{"asset":{"type":"video","assetId":"ast_1"},"start":3.333,"length":3.333}"#,
                #"{"asset":{"type":"video","assetId":"ast_1"},"start":6.666,"length":3.333}"#,
                output: #"{"fps":29.97}"#))

        #expect(plan.output.frameRate == Rational(30_000, 1_001))
        #expect(
            plan.layers[0].placements.map(\.frames) == [
                FrameRange(0, 100), FrameRange(100, 200), FrameRange(200, 300),
            ])
        #expect(plan.audio.map(\.endSample) == [160_160, 320_320, 480_480])
        #expect(plan.sampleCount == 480_480)
    }

    @Test func `a ClipForge project gives the same plan as its timeline`() throws {
        let project = try plan(
            """
            {"project":{"id":"p","tracks":[
              {"type":"video","clips":[
                {"id":"c1","assetId":"ast_1","startTime":0,"duration":4,"trimStart":2,"x":null},
                {"id":"c2","assetId":"ast_2","startTime":4,"inPoint":1,"outPoint":3.5,
                 "volume":0.5,"trim":null}]},
              {"type":"audio","clips":[{"assetId":"ast_2","start":0,"length":5}]}]},
             "settings":{"resolution":"1280x720","frameRate":25,"format":"mp4","quality":"high"}}
            """)
        let timeline = try plan(
            """
            {"timeline":{"tracks":[
              {"clips":[
                {"asset":{"type":"video","assetId":"ast_1","trim":2},"length":4},
                {"asset":{"type":"video","assetId":"ast_2","trim":1,"volume":0.5},"length":2.5}]},
              {"clips":[{"asset":{"type":"audio","assetId":"ast_2"},"length":5}]}]},
             "output":{"size":{"width":1280,"height":720},"fps":25,"crf":18}}
            """)

        #expect(project == timeline)
    }

    @Test func `merge fields fill strings and whole values`() throws {
        let plan = try plan(
            """
            {"timeline":{"tracks":[{"clips":[{"asset":{"type":"video","assetId":"ast_{{ N }}"},
              "length":"{{LENGTH}}"}]}]},
             "merge":[{"find":"N","replace":2},{"find":"LENGTH","replace":1.5}]}
            """)

        #expect(plan.sources.map(\.assetID) == ["ast_2"])
        #expect(plan.frameCount == 45)
    }

    @Test func `a plan survives a round trip through JSON`() throws {
        let plan = try plan(
            oneTrack(#"{"asset":{"type":"video","assetId":"ast_2","trim":0.033}}"#))

        let copy = try JSONDecoder().decode(
            RenderPlan.self, from: JSONEncoder().encode(plan))

        #expect(copy == plan)
    }

    @Test func `the requested chunk length reaches the plan`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":6}"#,
                output: #"{"chunkSeconds":2}"#))

        #expect(plan.chunks == [FrameRange(0, 60), FrameRange(60, 120), FrameRange(120, 180)])
    }

    @Test(arguments: [
        (#"{}"#, 1920, 1080), (#"{"resolution":"preview"}"#, 512, 288),
        (#"{"resolution":"mobile"}"#, 640, 360), (#"{"resolution":"sd"}"#, 1024, 576),
        (#"{"resolution":"hd"}"#, 1280, 720), (#"{"resolution":"4k"}"#, 3840, 2160),
        (#"{"resolution":"1080","aspectRatio":"9:16"}"#, 1080, 1920),
        (#"{"aspectRatio":"1:1"}"#, 1080, 1080), (#"{"aspectRatio":"4:5"}"#, 1080, 1350),
        (#"{"resolution":"mobile","aspectRatio":"21:9"}"#, 840, 360),
        (#"{"size":{"width":641,"height":359}}"#, 640, 358),
    ])
    func `an output has the size of its name`(output: String, width: Int, height: Int) throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":1}"#, output: output))

        #expect("\(plan.output.width)x\(plan.output.height)" == "\(width)x\(height)")
    }

    @Test(arguments: [
        ("30", Rational(30)), ("12.5", Rational(25, 2)), ("23.976", Rational(24_000, 1_001)),
        ("23.98", Rational(24_000, 1_001)), ("29.97", Rational(30_000, 1_001)),
        ("29.97002997002997", Rational(30_000, 1_001)), ("59.94", Rational(60_000, 1_001)),
        ("119.88", Rational(120_000, 1_001)), ("29.8333333", Rational(29_833, 1_000)),
        (#""30000/1001""#, Rational(30_000, 1_001)), (#""25""#, Rational(25)),
        (#""50/2""#, Rational(25)),
    ])
    func `a frame rate is exact`(fps: String, rate: Rational) throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":1}"#,
                output: #"{"fps":\#(fps)}"#))

        #expect(plan.output.frameRate == rate)
    }
}
