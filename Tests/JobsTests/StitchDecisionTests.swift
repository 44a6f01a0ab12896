import Jobs
import MediaTime
import Testing

@Suite struct StitchDecisionTests {
    private static let first = RenderUnit.video(FrameRange(0, 300))
    private static let second = RenderUnit.video(FrameRange(300, 600))

    private typealias State = StitchObservation.Unit.State

    private static func observation(
        _ states: [State]?, isStopped: Bool = false, outcome: ExportResult.Outcome? = nil
    ) -> StitchObservation {
        var observation = StitchObservation()
        observation.isStopped = isStopped
        observation.outcome = outcome
        observation.units = states.map { states in
            zip([first, second, .audio], states).map { .init($0, $1) }
        }
        return observation
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var observation: StitchObservation
        var actions: [StitchAction]

        init(_ name: String, _ observation: StitchObservation, _ actions: [StitchAction]) {
            testDescription = name
            self.observation = observation
            self.actions = actions
        }
    }

    private static let rows: [Row] = [
        Row("every unit is ready: stitch", observation([.ready, .ready, .ready]), [.stitch]),
        Row(
            "receipts leave a gap: wait", observation(nil),
            [.withdrawRequest, .requestStitchIfComplete]),
        Row(
            "a listed receipt is gone: wait", observation([.ready, .noReceipt, .ready]),
            [.withdrawRequest, .requestStitchIfComplete]),
        Row(
            "lost units: request them again", observation([.lost, .ready, .lost]),
            [
                .forgetReceipt(first), .forgetReceipt(.audio), .withdrawRequest,
                .repeatRequest(first), .repeatRequest(.audio),
            ]),
        Row(
            "damaged and lost units: delete the damaged object, request both again",
            observation([.damaged, .ready, .lost]),
            [
                .discardCached(first), .forgetReceipt(first), .forgetReceipt(.audio),
                .withdrawRequest, .repeatRequest(first), .repeatRequest(.audio),
            ]),
        Row(
            "one unit lost, another requested again", observation([.noReceipt, .lost, .ready]),
            [.forgetReceipt(second), .withdrawRequest, .repeatRequest(second)]),
        Row(
            "completed: nothing",
            observation([.ready, .ready, .ready], outcome: .completed), []),
        Row(
            "stopped and completed: nothing",
            observation(nil, isStopped: true, outcome: .completed), []),
        Row(
            "another result was first: delete the output",
            observation([.ready, .ready, .ready], outcome: .cancelled), [.deleteOutput]),
        Row(
            "failed: delete the output", observation(nil, isStopped: true, outcome: .failed),
            [.deleteOutput]),
        Row(
            "cancel without a result: finish as cancelled",
            observation(nil, isStopped: true), [.finishCancelled]),
        Row(
            "cancelled: delete the output",
            observation(nil, isStopped: true, outcome: .cancelled), [.deleteOutput]),
    ]

    @Test(arguments: rows)
    func `an observation has these actions`(row: Row) {
        #expect(StitchDecision.actions(for: row.observation) == row.actions)
    }

    @Test func `an export with a result is never stitched or cancelled again`() {
        for outcome in [ExportResult.Outcome.completed, .failed, .cancelled] {
            for row in Self.rows {
                var observation = row.observation
                observation.outcome = outcome
                let actions = StitchDecision.actions(for: observation)

                #expect(!actions.contains(.stitch) && !actions.contains(.finishCancelled))
            }
        }
    }
}
