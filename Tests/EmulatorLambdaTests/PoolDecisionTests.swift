import Testing

@testable import EmulatorLambda

@Suite struct PoolDecisionTests {
    private let decision = PoolDecision(capacity: 2, waitingCountMax: 3)

    private func candidate(
        _ number: Int, idleFor seconds: Int, _ events: (inout InstanceState) -> Void
    ) -> PoolDecision.Candidate {
        var state = InstanceState()
        events(&state)
        return PoolDecision.Candidate(
            number: number, state: state, idleSince: .now - .seconds(seconds))
    }

    @Test func `a call that does not wait needs an instance that is free or may be started`() {
        #expect(decision.admits(.none, working: 0, waiting: 0))
        #expect(decision.admits(.none, working: 1, waiting: 0))
        #expect(!decision.admits(.none, working: 1, waiting: 1))
        #expect(!decision.admits(.none, working: 2, waiting: 0))
    }

    @Test func `the queue of waiting calls is bounded`() {
        #expect(decision.admits(.limited(.milliseconds(1)), working: 2, waiting: 2))
        #expect(!decision.admits(.limited(.milliseconds(1)), working: 2, waiting: 3))
        // By size too, but for the first.
        for (waiting, admitted) in [(0, true), (1, false)] {
            #expect(
                decision.admits(
                    .limited(.milliseconds(1)), working: 2, waiting: waiting,
                    bytes: decision.waitingBytesMax + 1) == admitted)
        }
    }

    @Test func `a call of the asynchronous queue is always admitted`() {
        #expect(decision.admits(.unbounded, working: 2, waiting: 1_000))
    }

    @Test func `the instance used last gets the next invocation`() {
        let candidates = [
            candidate(1, idleFor: 9) { _ = $0.nextRequested() },
            candidate(2, idleFor: 1) { _ = $0.nextRequested() },
            candidate(3, idleFor: 5) {
                _ = $0.nextRequested()
                _ = $0.foundNoWork()
            },
        ]

        #expect(decision.choice(among: candidates) == 2)
        #expect(decision.choice(among: candidates.filter { $0.number == 3 }) == 3)
    }

    @Test func `an instance that cannot take an invocation is not chosen`() {
        let candidates = [
            candidate(1, idleFor: 1) { _ in },
            candidate(2, idleFor: 1) {
                _ = $0.nextRequested()
                _ = $0.nextDisconnected()
            },
            candidate(3, idleFor: 1) {
                _ = $0.nextRequested()
                _ = $0.assigned()
            },
            candidate(4, idleFor: 1) {
                _ = $0.nextRequested()
                _ = $0.retire()
            },
        ]

        #expect(decision.choice(among: candidates) == nil)
    }

    @Test(arguments: [
        // waiting, instances, starting, started
        (0, 0, 0, 0), (1, 0, 0, 1), (5, 0, 0, 2), (2, 1, 0, 1), (2, 1, 1, 1), (1, 1, 1, 0),
        (3, 2, 0, 0), (1, 3, 0, 0),
    ])
    func `instances are started for calls that no starting one will take`(
        waiting: Int, instances: Int, starting: Int, expected: Int
    ) {
        let count = decision.startCount(
            waiting: waiting, instances: instances, starting: starting, isStopping: false)

        #expect(count == expected)
    }

    @Test func `a pool that stops starts none`() {
        #expect(
            decision.startCount(waiting: 5, instances: 0, starting: 0, isStopping: true) == 0)
    }
}
