import Jobs
import MediaTime
import Testing

@Suite struct RenderDecisionTests {
    private static let unit = RenderUnit.video(FrameRange(100, 400))
    private static let finish: [RenderAction] = [.releaseCompanions, .requestStitchIfComplete]

    private static func observation(
        _ unit: RenderUnit = unit, cached: [Bool],
        last: (targets: [Int], outcome: RenderObservation.Outcome)? = nil
    ) -> RenderObservation {
        var observation = RenderObservation(unit: unit)
        observation.targets = cached.enumerated().map {
            .init(address: "cache/\($0.offset)", isCached: $0.element)
        }
        observation.lastRender = last.map { .init(targets: $0.targets, outcome: $0.outcome) }
        return observation
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var observation: RenderObservation
        var actions: [RenderAction]

        init(_ name: String, _ observation: RenderObservation, _ actions: [RenderAction]) {
            testDescription = name
            self.observation = observation
            self.actions = actions
        }
    }

    private static let byRenderer = RenderObservation.Outcome.failed(byRenderer: true)
    private static let byStore = RenderObservation.Outcome.failed(byRenderer: false)
    private static let late = RenderObservation.Outcome.outOfTime(
        finished: nil, remaining: .seconds(7))

    private static let rows: [Row] = [
        Row(
            "cached: reuse", observation(cached: [true]), [.recordCached] + finish),
        Row(
            "not cached: render", observation(cached: [false]), [.render(targets: [0])]),
        Row(
            "others wait: render for several", observation(cached: [false, false, false]),
            [.render(targets: [0, 1, 2])]),
        Row(
            "another's content is cached: not rendered",
            observation(cached: [false, true, false]), [.render(targets: [0, 2])]),
        Row(
            "own content is cached, others wait: render for the others",
            observation(cached: [true, false]), [.render(targets: [1])]),
        Row(
            "everything is cached: reuse", observation(cached: [true, true]),
            [.recordCached] + finish),
        Row(
            "rendered", observation(cached: [false], last: ([0], .rendered)),
            [.recordRendered] + finish),
        Row(
            "rendered for others", observation(cached: [true, false], last: ([1], .rendered)),
            [.recordCached] + finish),
        Row(
            "shared render failed: render alone",
            observation(cached: [false, false], last: ([0, 1], byRenderer)),
            [.render(targets: [0])]),
        Row(
            "render alone failed after the shared one: fail",
            observation(cached: [false, false], last: ([0], byRenderer)), [.fail]),
        Row(
            "shared render failed at the store: fail",
            observation(cached: [false, false], last: ([0, 1], byStore)), [.fail]),
        Row(
            "render for others failed: reuse",
            observation(cached: [true, false], last: ([1], byRenderer)),
            [.recordCached] + finish),
        Row(
            "render for others out of time: reuse",
            observation(cached: [true, false], last: ([1], late)), [.recordCached] + finish),
        Row(
            "render failed: fail", observation(cached: [false], last: ([0], byRenderer)),
            [.fail]),
        Row(
            "stopped during the render",
            observation(cached: [false], last: ([0], .stopped)), [.releaseCompanions]),
        Row(
            "stopped during a render for others",
            observation(cached: [true, false], last: ([1], .stopped)), [.releaseCompanions]),
        Row(
            "out of time: split", observation(cached: [false], last: ([0], late)),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
        Row(
            "shared render out of time: split",
            observation(cached: [false, false], last: ([0, 1], late)),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
        Row(
            "shared render with finished frames: split",
            observation(cached: [false, false], last: ([0, 1], left(120))),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
        Row(
            "audio piece out of time: split",
            observation(.audioPiece(AudioFrameRange(0, 470)), cached: [false], last: ([0], late)),
            split(.audioPiece(AudioFrameRange(235, 470)), .audioPiece(AudioFrameRange(0, 235)))),
        Row(
            "short audio piece out of time: fail",
            observation(.audioPiece(AudioFrameRange(0, 469)), cached: [false], last: ([0], late)),
            [.fail]),
        Row(
            "whole audio out of time: fail",
            observation(.audio, cached: [false], last: ([0], late)), [.fail]),
        Row(
            "short chunk out of time: fail",
            observation(.video(FrameRange(0, 47)), cached: [false], last: ([0], late)),
            [.fail]),
        Row(
            "shortest chunk that is split",
            observation(.video(FrameRange(0, 48)), cached: [false], last: ([0], late)),
            split(.video(FrameRange(24, 48)), .video(FrameRange(0, 24)))),
        Row(
            "finished frames: salvage", observation(cached: [false], last: ([0], left(120))),
            [
                .awaitUnits([
                    .video(FrameRange(220, 310)), .video(FrameRange(310, 400)),
                    .video(FrameRange(100, 220)),
                ]),
                .request([.video(FrameRange(220, 310)), .video(FrameRange(310, 400))]),
                .salvage(.video(FrameRange(100, 220))),
                .request([.video(FrameRange(100, 220))]),
            ]),
        Row(
            "too few finished frames: split",
            observation(cached: [false], last: ([0], left(23))),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
        Row(
            "all frames finished, none to request: split",
            observation(cached: [false], last: ([0], left(300))),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
        Row(
            "finished frames too large to store in time: split",
            observation(cached: [false], last: ([0], left(120, bytes: 240_040_000))),
            split(.video(FrameRange(250, 400)), .video(FrameRange(100, 250)))),
    ]

    private static func left(_ count: Int, bytes: Int = 240_000_000) -> RenderObservation.Outcome {
        .outOfTime(finished: .init(count: count, bytes: bytes), remaining: .seconds(7))
    }

    private static func split(_ units: RenderUnit...) -> [RenderAction] {
        [.awaitUnits(units), .request(units)]
    }

    @Test(arguments: rows)
    func `an observation has these actions`(row: Row) {
        #expect(RenderDecision.actions(for: row.observation) == row.actions)
    }

    @Test func `a stopped export always releases its companions`() {
        for row in Self.rows {
            var observation = row.observation
            observation.isStopped = true

            #expect(RenderDecision.actions(for: observation) == [.releaseCompanions])
        }
    }

    @Test func `an existing receipt only leads to the check for completeness`() {
        var observation = RenderObservation(unit: Self.unit)
        observation.hasReceipt = true

        #expect(
            RenderDecision.actions(for: observation)
                == [.releaseCompanions, .requestStitchIfComplete])
    }

    @Test func `one address is rendered once`() {
        var observation = Self.observation(cached: [false, false, false])
        observation.targets[2].address = observation.targets[0].address

        #expect(RenderDecision.actions(for: observation) == [.render(targets: [0, 1])])
    }

    @Test func `a render is the last action of its list`() {
        for row in Self.rows {
            let renders = row.actions.indices.filter {
                if case .render = row.actions[$0] { true } else { false }
            }
            #expect(renders.allSatisfy { $0 == row.actions.count - 1 })
        }
    }
}
