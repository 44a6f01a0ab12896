@testable import MediaTime
@testable import RenderPlans
import Testing
import TestSupport

/// Multicam, transitions, speed and ranges, in frames and samples.
@Suite struct ClipLoweringTests {
    private func multicam(_ fields: String, length: String = "6") -> String {
        oneTrack(
            #"{"asset":{"type":"multicam","angles":{"A":"ast_1","B":"ast_2"},"#
                + #""switches":[{"at":0,"angle":"A"},{"at":2.51,"angle":"B"},"#
                + #"{"at":4,"angle":"A"},{"at":9,"angle":"B"}]"# + fields
                + #"},"length":\#(length)}"#)
    }

    @Test func `a multicam clip is one picture for each switch, in common time`() throws {
        let plan = try plan(multicam(#","offsets":{"B":0.1},"audio":"A","trim":1"#))

        #expect(plan.frameCount == 180)
        #expect(
            plan.layers == [
                .init(placements: [
                    .init(
                        source: 0, frames: FrameRange(0, 75), sourceStart: Rational(1),
                        box: .init(width: 1920, height: 1080)),
                    .init(
                        source: 1, frames: FrameRange(75, 120), sourceStart: Rational(36, 10),
                        box: .init(width: 1920, height: 1080)),
                    .init(
                        source: 0, frames: FrameRange(120, 180), sourceStart: Rational(5),
                        box: .init(width: 1920, height: 1080)),
                ])
            ])
        #expect(
            plan.audio == [
                .init(source: 0, startSample: 0, endSample: 288_000, sourceStart: Rational(1))
            ])
    }

    @Test func `each angle is heard while it is shown by default`() throws {
        let plan = try plan(multicam(#","volume":0.5"#))

        #expect(
            plan.audio.map { [$0.source, $0.startSample, $0.endSample] } == [
                [0, 0, 120_000], [1, 120_000, 192_000], [0, 192_000, 288_000],
            ])
        #expect(plan.audio.map(\.volume) == Array(repeating: Rational(1, 2), count: 3))
    }

    @Test func `a late recorder is silent before its start`() throws {
        let plan = try plan(multicam(#","audio":"ast_music","offsets":{"audio":-1.5}"#))

        #expect(
            plan.audio == [.init(source: 2, startSample: 72_000, endSample: 288_000)])
        #expect(plan.sources.map(\.assetID) == ["ast_1", "ast_2", "ast_music"])
    }

    @Test func `a switch to the shown angle makes no cut`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"multicam","angles":{"A":"ast_1"},"switches":["#
                    + #"{"at":0,"angle":"A"},{"at":1,"angle":"A"},{"at":1.7,"angle":"A"}]},"#
                    + #""length":3}"#))

        #expect(plan.layers[0].placements.map(\.frames) == [FrameRange(0, 90)])
    }

    @Test func `an overlap with a transition mixes frames and audio`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":4}"#,
                #"{"asset":{"type":"video","assetId":"ast_2"},"length":4,"#
                    + #""transition":{"in":"wipeLeft","length":0.5,"overlap":true}}"#))

        let pictures = plan.layers[0].placements
        #expect(pictures.map(\.frames) == [FrameRange(0, 120), FrameRange(105, 225)])
        #expect(
            pictures.map(\.transitionIn) == [
                nil, RenderPlan.Transition(kind: .wipeleft, frames: 15, isMix: true),
            ])
        #expect(plan.audio.map(\.fadeOutSamples) == [24_000, 0])
        #expect(plan.audio.map(\.fadeInSamples) == [0, 24_000])
    }

    @Test func `speed shortens the rest of a source`() throws {
        let plan = try plan(
            oneTrack(#"{"asset":{"type":"video","assetId":"ast_1","trim":5,"speed":1.5}}"#))

        #expect(plan.frameCount == 300)
        #expect(plan.layers[0].placements[0].speed == Rational(3, 2))
        #expect(plan.audio[0].speed == Rational(3, 2))
    }

    @Test func `a range shifts all clips and drops those outside`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_2"},"length":2}"#,
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":4}"#,
                #"{"asset":{"type":"image","assetId":"ast_png"},"length":4}"#,
                output: #"{"range":{"start":3,"length":2.5}}"#))

        #expect(plan.frameCount == 75)
        #expect(plan.sources.map(\.assetID) == ["ast_1"])
        #expect(plan.layers[0].placements.map(\.frames) == [FrameRange(-30, 90)])
        #expect(plan.audio.map { [$0.startSample, $0.endSample] } == [[-48_000, 144_000]])
    }

    @Test func `volume points become gains at samples`() throws {
        let plan = try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1","fadeOut":0.25,"#
                    + #""volume":[{"at":0,"volume":1},{"at":1.5,"volume":0.2}]},"length":2}"#))

        #expect(
            plan.audio[0].gainPoints == [
                .init(sample: 0, gain: Rational(1)), .init(sample: 72_000, gain: Rational(1, 5)),
            ])
        #expect(plan.audio[0].fadeOutSamples == 12_000)
    }
}
