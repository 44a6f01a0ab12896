import Testing

@testable import EmulatorLambda
import Randomness
import TestSupport

/// The life of an instance without a process: every event in every stage.
@Suite struct InstanceStateTests {
    typealias Stage = InstanceState.Stage
    typealias Action = InstanceState.Action

    /// An event by name, so that a failing row says which one.
    struct Event: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var apply: @Sendable (inout InstanceState) -> [Action]
    }

    private static let started = Event(testDescription: "started") {
        $0.processStarted(isStopping: false)
    }
    private static let startedLate = Event(testDescription: "started while stopping") {
        $0.processStarted(isStopping: true)
    }
    private static let next = Event(testDescription: "next") { $0.nextRequested() }
    private static let lost = Event(testDescription: "lost") { $0.nextDisconnected() }
    private static let noWork = Event(testDescription: "no work") { $0.foundNoWork() }
    private static let assigned = Event(testDescription: "assigned") { $0.assigned() }
    private static let response = Event(testDescription: "response") {
        let isTaken = $0.responded()
        #expect(isTaken)
        return []
    }
    private static let stream = Event(testDescription: "stream") {
        let isTaken = $0.responseBegan()
        #expect(isTaken)
        return []
    }
    private static let streamEnd = Event(testDescription: "stream end") {
        let isTaken = $0.responseEnded()
        #expect(isTaken)
        return []
    }
    private static let initLimit = Event(testDescription: "init limit") { $0.initLimitReached() }
    private static let limit = Event(testDescription: "limit") { $0.timeLimitReached() }
    private static let memory = Event(testDescription: "memory") { $0.memoryExceeded() }
    private static let replaced = Event(testDescription: "replaced") { $0.programReplaced() }
    private static let retire = Event(testDescription: "retire") { $0.retire() }
    private static let stop = Event(testDescription: "stop") { $0.stopLimitReached() }
    private static let exit = Event(testDescription: "exit") { $0.processExited() }
    private static let drained = Event(testDescription: "drained") { $0.outputDrained() }
    private static let end = Event(testDescription: "end") { $0.ended() }

    /// Ways into each stage.
    private static let paths: [(stage: Stage, events: [Event])] = [
        (.starting, []),
        (.idle(.connected), [next]),
        (.idle(.disconnected), [next, lost]),
        (.idle(.frozen), [next, noWork]),
        (.working(.unanswered), [next, assigned]),
        (.working(.streaming), [next, assigned, stream]),
        (.working(.answered), [next, assigned, response]),
        (.killed(.timeout, during: .starting), [initLimit]),
        (.killed(.timeout, during: .working(.unanswered)), [next, assigned, limit]),
        (.killed(.outOfMemory, during: .working(.streaming)), [next, assigned, stream, memory]),
        (.killed(.stop, during: .other), [next, stop]),
        (.terminating, [next, retire]),
        (.ended, [end]),
    ]

    private static func state(in stage: Stage) -> InstanceState {
        var state = InstanceState()
        for event in paths.first(where: { $0.stage == stage })?.events ?? [] {
            _ = event.apply(&state)
        }
        return state
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var stage: Stage
        var event: Event
        var actions: [Action]
        var result: Stage

        init(_ stage: Stage, _ event: Event, _ actions: [Action], _ result: Stage) {
            (self.stage, self.event, self.actions, self.result) = (stage, event, actions, result)
        }

        var testDescription: String { "\(stage), \(event.testDescription)" }
    }

    private static let killedWorking = Stage.killed(
        .timeout, during: .working(.unanswered))
    private static let killedStreaming = Stage.killed(
        .outOfMemory, during: .working(.streaming))

    private static let rows: [Row] = [
        // Starting.
        Row(.starting, started, [.startInitTimer], .starting),
        Row(.starting, startedLate, [.terminate], .terminating),
        Row(.starting, next, [.noteInitialized, .holdNext], .idle(.connected)),
        Row(.starting, lost, [], .starting),
        Row(.starting, noWork, [], .starting),
        Row(.starting, initLimit, [.kill], .killed(.timeout, during: .starting)),
        Row(.starting, limit, [], .starting),
        Row(.starting, memory, [.kill], .killed(.outOfMemory, during: .starting)),
        Row(.starting, replaced, [.logReplaced], .starting),
        Row(.starting, retire, [.terminate], .terminating),
        Row(.starting, stop, [.kill], .killed(.stop, during: .other)),
        Row(.starting, exit, [], .starting),
        Row(.starting, end, [.failStart(nil), .remove], .ended),
        // Idle, its call of `next` open.
        Row(.idle(.connected), next, [.releaseNext, .holdNext], .idle(.connected)),
        Row(.idle(.connected), lost, [.releaseNext], .idle(.disconnected)),
        Row(.idle(.connected), noWork, [.freeze], .idle(.frozen)),
        Row(.idle(.connected), assigned, [.deliver], .working(.unanswered)),
        Row(.idle(.connected), initLimit, [], .idle(.connected)),
        Row(.idle(.connected), limit, [], .idle(.connected)),
        Row(.idle(.connected), memory, [], .idle(.connected)),
        Row(.idle(.connected), replaced, [.logReplaced, .terminate], .terminating),
        Row(.idle(.connected), retire, [.terminate], .terminating),
        Row(.idle(.connected), stop, [.kill], .killed(.stop, during: .other)),
        Row(.idle(.connected), exit, [.releaseNext], .terminating),
        Row(.idle(.connected), drained, [], .idle(.connected)),
        Row(.idle(.connected), end, [.releaseNext, .remove], .ended),
        // Idle, frozen or without a connection.
        Row(.idle(.frozen), assigned, [.thaw, .deliver], .working(.unanswered)),
        Row(.idle(.frozen), noWork, [], .idle(.frozen)),
        Row(.idle(.frozen), lost, [.releaseNext], .idle(.disconnected)),
        Row(.idle(.frozen), retire, [.terminate], .terminating),
        Row(.idle(.disconnected), next, [.releaseNext, .holdNext], .idle(.connected)),
        Row(.idle(.disconnected), noWork, [], .idle(.disconnected)),
        Row(.idle(.disconnected), end, [.releaseNext, .remove], .ended),
        // Working.
        Row(.working(.unanswered), next, [.refuseNextAsInvalid], .working(.unanswered)),
        Row(.working(.unanswered), response, [], .working(.answered)),
        Row(.working(.unanswered), stream, [], .working(.streaming)),
        Row(.working(.unanswered), limit, [.kill], killedWorking),
        Row(
            .working(.unanswered), memory, [.kill],
            .killed(.outOfMemory, during: .working(.unanswered))),
        Row(.working(.unanswered), replaced, [.logReplaced], .working(.unanswered)),
        Row(.working(.unanswered), retire, [], .working(.unanswered)),
        Row(.working(.unanswered), stop, [.kill], .killed(.stop, during: .working(.unanswered))),
        Row(.working(.unanswered), initLimit, [], .working(.unanswered)),
        Row(.working(.unanswered), exit, [], .working(.unanswered)),
        Row(.working(.unanswered), end, [.failInvocation(nil), .remove], .ended),
        Row(.working(.streaming), next, [.refuseNextAsInvalid], .working(.streaming)),
        Row(.working(.streaming), streamEnd, [], .working(.answered)),
        Row(.working(.streaming), exit, [], .working(.streaming)),
        Row(.working(.streaming), drained, [.breakStream(nil)], .working(.streaming)),
        Row(.working(.streaming), end, [.failInvocation(nil), .remove], .ended),
        Row(.working(.answered), next, [.holdNext], .idle(.connected)),
        Row(.working(.answered), retire, [.terminate], .terminating),
        Row(.working(.answered), limit, [.kill], .killed(.timeout, during: .working(.answered))),
        Row(.working(.answered), replaced, [.logReplaced], .working(.answered)),
        Row(.working(.answered), exit, [], .working(.answered)),
        Row(.working(.answered), end, [.remove], .ended),
        // Killed.
        Row(killedWorking, next, [.refuseNextAsInvalid], killedWorking),
        Row(killedWorking, response, [], .killed(.timeout, during: .working(.answered))),
        Row(killedWorking, limit, [], killedWorking),
        Row(killedWorking, memory, [], killedWorking),
        Row(killedWorking, retire, [], killedWorking),
        Row(killedWorking, stop, [], killedWorking),
        Row(killedWorking, exit, [], killedWorking),
        Row(killedWorking, end, [.failInvocation(.timeout), .remove], .ended),
        Row(killedStreaming, exit, [], killedStreaming),
        Row(killedStreaming, drained, [.breakStream(.outOfMemory)], killedStreaming),
        Row(killedStreaming, streamEnd, [], .killed(.outOfMemory, during: .working(.answered))),
        Row(killedStreaming, end, [.failInvocation(.outOfMemory), .remove], .ended),
        Row(
            .killed(.timeout, during: .starting), end, [.failStart(.timeout), .remove], .ended),
        Row(
            .killed(.timeout, during: .starting), next, [.refuseNextAsGone],
            .killed(.timeout, during: .starting)),
        Row(
            .killed(.timeout, during: .starting), started, [.kill],
            .killed(.timeout, during: .starting)),
        Row(.killed(.stop, during: .other), exit, [.releaseNext], .killed(.stop, during: .other)),
        Row(.killed(.stop, during: .other), end, [.releaseNext, .remove], .ended),
        // Terminating.
        Row(.terminating, started, [.terminate], .terminating),
        Row(.terminating, next, [.refuseNextAsGone], .terminating),
        Row(.terminating, noWork, [], .terminating),
        Row(.terminating, retire, [], .terminating),
        Row(.terminating, replaced, [.logReplaced], .terminating),
        Row(.terminating, memory, [.kill], .killed(.outOfMemory, during: .other)),
        Row(.terminating, stop, [.kill], .killed(.stop, during: .other)),
        Row(.terminating, exit, [.releaseNext], .terminating),
        Row(.terminating, drained, [], .terminating),
        Row(.terminating, end, [.releaseNext, .remove], .ended),
        // Ended: nothing more happens.
        Row(.ended, started, [], .ended), Row(.ended, next, [.refuseNextAsGone], .ended),
        Row(.ended, lost, [], .ended), Row(.ended, noWork, [], .ended),
        Row(.ended, initLimit, [], .ended), Row(.ended, limit, [], .ended),
        Row(.ended, memory, [], .ended), Row(.ended, retire, [], .ended),
        Row(.ended, stop, [], .ended), Row(.ended, exit, [], .ended), Row(.ended, end, [], .ended),
    ]

    @Test(arguments: rows)
    func `an event in a stage gives its actions and the next stage`(row: Row) {
        var state = Self.state(in: row.stage)
        #expect(state.stage == row.stage)

        let actions = row.event.apply(&state)

        #expect(actions == row.actions)
        #expect(state.stage == row.result)
    }

    @Test func `an instance with an old program ends at its next request`() {
        for path in [[Self.replaced], [Self.next, Self.assigned, Self.replaced, Self.response]] {
            var state = InstanceState()
            for event in path { _ = event.apply(&state) }

            let actions = state.nextRequested()

            #expect(actions.suffix(2) == [.refuseNextAsGone, .terminate])
            #expect(state.stage == .terminating)
        }
    }

    @Test func `a program is replaced once`() {
        var state = InstanceState()

        let actions = [state.programReplaced(), state.programReplaced()]

        #expect(actions == [[.logReplaced], []])
    }

    @Test(arguments: paths.map(\.stage))
    func `a response is taken once, and only for an unanswered invocation`(stage: Stage) {
        var state = Self.state(in: stage)
        let isUnanswered =
            switch stage {
            case .working(.unanswered), .killed(_, during: .working(.unanswered)): true
            default: false
            }

        let answers = [state.responded(), state.responded(), state.responseBegan()]

        #expect(answers == [isUnanswered, false, false])
    }

    @Test(arguments: paths.map(\.stage))
    func `the console's word follows the stage`(stage: Stage) {
        let words: [String] = ["starting", "idle", "busy", "ending"]
        let state = Self.state(in: stage)

        #expect(words.contains(state.name))
        #expect(state.isIdle == (state.name == "idle"))
        #expect(!state.isWorking || state.name == "busy")
        #expect(!state.isAvailable || state.isIdle)
    }

    /// Any order of events keeps the promises that the pool relies on.
    @Test func `random events never leave an invocation without an end`() {
        let events = [
            Self.started, Self.next, Self.lost, Self.noWork, Self.initLimit, Self.limit,
            Self.memory, Self.replaced, Self.retire, Self.stop, Self.exit, Self.drained,
        ]
        for seed in testSeeds(500) {
            var random = SeededGenerator(seed: seed)
            var state = InstanceState()
            for _ in 0..<40 {
                if state.isAvailable, random.below(2) == 0 {
                    let actions = state.assigned()
                    #expect(actions.last == .deliver, "\(replayCommand(seed))")
                } else if random.below(4) == 0 {
                    _ = random.below(2) == 0 ? state.responded() : state.responseBegan()
                    _ = state.responseEnded()
                } else {
                    _ = events[random.below(events.count)].apply(&state)
                }
            }
            let wasWorking = state.isWorking
            let actions = state.ended()
            let fails = actions.contains { if case .failInvocation = $0 { true } else { false } }
            #expect(fails == wasWorking, "\(replayCommand(seed))")
            #expect(actions.last == .remove, "\(replayCommand(seed))")
        }
    }
}
