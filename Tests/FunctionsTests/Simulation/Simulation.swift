import Functions
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import Randomness
import Synchronization
import TestSupport
import WallClock

/// One run of a function in a `Simulation`.
struct Invocation: Sendable {
    /// The invocation whose task runs; nil outside of a simulation.
    @TaskLocal static var current: Invocation?

    var number: Int
    var function: FunctionName
}

/// The functions of an export on a bucket in memory, driven by one seed: every call of the bucket,
/// every pause and every render waits until the scheduler continues it. Events are late, repeated
/// or lost, invocations die at any call, the clock is set, and the sweep runs each minute.
final class Simulation: Sendable {
    /// How a waiting call continues.
    enum Verdict {
        case proceed
        /// A store error without, or with, the call's effect.
        case fail, loseAnswer
        /// The invocation is dead: no later call has an effect.
        case die, dieAfter
    }

    enum Wait: Equatable {
        case store
        case render
        /// Until this time of the steady clock, in milliseconds.
        case sleep(Int)
    }

    struct Parked {
        var id: Int
        var invocation: Int
        var wait: Wait
        var continuation: UnsafeContinuation<Verdict, Never>
    }

    struct Event: Hashable {
        var function: FunctionName
        var key: String
        /// Steady time in milliseconds.
        var due: Int
        var attempts = 0
    }

    struct Running {
        var invocation: Invocation
        var event: Event?
        /// Index of the client's request; nil for events.
        var request: Int?
        var startedAt: Int
        var isDead = false
    }

    struct State {
        var random: SeededGenerator
        /// Steady time in milliseconds.
        var steady = 0
        /// Wall clock minus steady clock, in milliseconds.
        var offset = 1_700_000_000_000
        var parked: [Parked] = []
        var running: [Int: Running] = [:]
        var events: [Event] = []
        var nextID = 0
        var nextSweep = 0
        /// Failed calls and clocks that are left: at most so many, so that no unit fails at all its
        /// attempts.
        var failures = 2
        var evictions = 0
        var isCalm = false
        var stepCount = 0
        var violation: String?
        /// Results by key, to notice one that is replaced.
        var results: [ObjectKey: String] = [:]
        /// Cache objects, with the step of their first write.
        var stored: [ObjectKey: Int] = [:]
        var startedStep: [Int: Int] = [:]
        var percents: [JobID: Int] = [:]
        var counts = SimulationCounts()
    }

    let seed: UInt64
    let executor = StepExecutor()
    let memory: InMemoryBucket
    let state: Mutex<State>
    let clients: Mutex<[ClientRequest]>
    let harness: FunctionHarness
    private let gate: RenderGate

    /// Chance of 1 in so many of a step's fault while the run is not calm.
    private enum Chance {
        static let crash = 120
        static let repeated = 200
        static let lost = 400
        static let storeFault = 300
        static let jump = 2_500
        static let slow = 2_500
        static let eviction = 600
        static let cancel = 900
    }
    static let sweepInterval = 60_000
    static let retryDelays = [2_000, 4_000]
    static let timeout = 900_000

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        let requests = ClientRequest.random(&random)
        var start = State(random: random)
        start.evictions = seed % 3 == 0 ? 1 : 0
        state = Mutex(start)
        clients = Mutex(requests)
        let clock = WallTime()
        let gate = RenderGate()
        self.gate = gate
        memory = InMemoryBucket(now: { clock.now.withLock { $0 } })
        harness = FunctionHarness(
            renderer: FakeRenderer(duringChunk: { try await gate.wait() }), memory: memory)
        time = clock
        gate.world.withLock { $0 = self }
    }

    private let time: WallTime

    var wall: UnixTime {
        state.withLock { UnixTime(milliseconds: $0.steady + $0.offset) }
    }

    func fail(_ text: String) {
        state.withLock { state in
            state.violation = state.violation ?? "\(text) (seed \(seed), step \(state.stepCount))"
        }
    }

    // MARK: Waiting

    /// Waits for the scheduler. A dead invocation does not wait.
    func park(_ wait: Wait, of invocation: Invocation) async -> Verdict {
        let id = state.withLock { state -> Int? in
            guard state.running[invocation.number]?.isDead == false else { return nil }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return .die }
        let cancelled = Mutex(false)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                // A pause or a render ends when its task is cancelled, a call of the store does not.
                if wait != .store, cancelled.withLock({ $0 }) {
                    return continuation.resume(returning: .die)
                }
                state.withLock {
                    $0.parked.append(
                        Parked(
                            id: id, invocation: invocation.number, wait: wait,
                            continuation: continuation))
                }
            }
        } onCancel: {
            cancelled.withLock { $0 = true }
            if wait != .store { resume(id, .die) }
        }
    }

    func sleep(_ duration: Duration) async throws {
        guard let invocation = Invocation.current else { throw CancellationError() }
        let until = state.withLock { $0.steady } + Int(duration / .milliseconds(1))
        let verdict = await park(.sleep(until), of: invocation)
        guard case .proceed = verdict, !Task.isCancelled else { throw CancellationError() }
    }

    private func resume(_ id: Int, _ verdict: Verdict) {
        let parked = state.withLock { state -> Parked? in
            guard let index = state.parked.firstIndex(where: { $0.id == id }) else { return nil }
            return state.parked.remove(at: index)
        }
        parked?.continuation.resume(returning: verdict)
    }

    /// Ends an invocation as a killed process: what it would do next has no effect.
    private func kill(_ number: Int, takingEffect: Bool) {
        state.withLock { $0.running[number]?.isDead = true }
        var verdict = takingEffect ? Verdict.dieAfter : .die
        while let next = state.withLock({ state in
            state.parked.first { $0.invocation == number }
        }) {
            resume(next.id, next.wait == .store ? verdict : .die)
            verdict = .die
        }
    }

    // MARK: Steps

    /// Runs until every export has ended, in two phases: with faults, then without.
    /// - Returns: number of steps.
    func run(faultySteps: Int, stepsMax: Int) -> Int {
        while state.withLock({ $0.violation == nil }) {
            let count = state.withLock { state in
                state.stepCount += 1
                if state.stepCount == faultySteps { state.isCalm = true }
                return state.stepCount
            }
            guard count < stepsMax else {
                fail("An export did not end: \(SimulationCheck(self).open)")
                break
            }
            guard step() else { break }
        }
        if state.withLock({ $0.violation == nil }) { SimulationCheck(self).atRest() }
        // Frees the tasks of a run that a violation ended.
        for number in state.withLock({ $0.running.keys.sorted() }) {
            kill(number, takingEffect: false)
        }
        executor.drain()
        gate.world.withLock { $0 = nil }
        return state.withLock { $0.stepCount }
    }

    /// One decision of the scheduler.
    /// - Returns: false at rest.
    private func step() -> Bool {
        executor.drain()
        moveTime(by: below(20))
        if below(25) == 0 { moveTime(by: below(3_000)) }
        if below(60) == 0 { SimulationCheck(self).progress() }
        if !state.withLock({ $0.isCalm }), injectFault() { return true }
        if startRequest() || startSweep() { return true }
        if below(3) == 0, deliver() { return true }
        if continueOne() || deliver() { return true }
        return passTime()
    }

    private func injectFault() -> Bool {
        if chance(Chance.crash), let number = anyRunning() {
            kill(number, takingEffect: below(2) == 0)
            count(\.crashes)
            return true
        }
        if chance(Chance.repeated) {
            withEvent { state, index in
                var copy = state.events[index]
                copy.due += state.random.below(120_000)
                state.events.append(copy)
                state.counts.repeated += 1
            }
        }
        if chance(Chance.lost) {
            withEvent { state, index in
                state.events.remove(at: index)
                state.counts.lost += 1
            }
        }
        // Back by 5 hours or forward by 29; or nothing happens until renders are out of time.
        if chance(Chance.jump), takeFailure() {
            let jump = [-18_000_000, 104_400_000][below(2)]
            state.withLock { $0.offset += jump }
            moveTime(by: 0)
            count(\.jumps)
        }
        if chance(Chance.slow), takeFailure() {
            moveTime(by: 893_000)
            count(\.slow)
        }
        if chance(Chance.eviction) { evict() }
        if chance(Chance.cancel) { requestCancel() }
        return false
    }

    private func withEvent(_ body: (inout State, Int) -> Void) {
        state.withLock { state in
            guard !state.events.isEmpty else { return }
            let index = state.random.below(state.events.count)
            body(&state, index)
        }
    }

    private func takeFailure() -> Bool {
        state.withLock { state in
            guard state.failures > 0 else { return false }
            state.failures -= 1
            return true
        }
    }

    /// Removes a rendered unit from the cache, as a cache with a size limit does.
    private func evict() {
        let units = memory.keys.filter { $0.hasPrefix("cache/") }
        let hasLeft = state.withLock { state in
            guard state.evictions > 0, !units.isEmpty else { return false }
            state.evictions -= 1
            state.counts.evictions += 1
            return true
        }
        guard hasLeft else { return }
        let key = ObjectKey(units[below(units.count)])
        memory.remove(key)
        state.withLock { $0.stored[key] = nil }
    }

    func count(_ kind: any WritableKeyPath<SimulationCounts, Int> & Sendable) {
        state.withLock { $0.counts[keyPath: kind] += 1 }
    }

    private func continueOne() -> Bool {
        let chosen = state.withLock { state -> (id: Int, Verdict)? in
            let ready = state.parked.filter { parked in
                if case .sleep(let until) = parked.wait { until <= state.steady } else { true }
            }
            guard !ready.isEmpty else { return nil }
            let parked = ready[state.random.below(ready.count)]
            guard case .store = parked.wait, !state.isCalm, state.failures > 0,
                state.random.below(Chance.storeFault) == 0
            else { return (parked.id, .proceed) }
            state.failures -= 1
            state.counts.storeFaults += 1
            return (parked.id, state.random.below(2) == 0 ? .fail : .loseAnswer)
        }
        guard let (id, verdict) = chosen else { return false }
        resume(id, verdict)
        return true
    }

    /// Moves to the next time at which something happens.
    private func passTime() -> Bool {
        guard !SimulationCheck(self).isAtRest else { return false }
        let next = state.withLock { state -> Int in
            var times = state.events.map(\.due) + [state.nextSweep]
            times += state.parked.compactMap {
                if case .sleep(let until) = $0.wait { until } else { nil }
            }
            return max(1, (times.min() ?? state.steady) - state.steady)
        }
        moveTime(by: next)
        return true
    }

    private func moveTime(by milliseconds: Int) {
        let now = state.withLock { state in
            state.steady += milliseconds
            return state.steady + state.offset
        }
        time.now.withLock { $0 = now }
        let late = state.withLock { state in
            state.running.values.filter {
                !$0.isDead && state.steady - $0.startedAt > Self.timeout
            }.map(\.invocation.number).sorted()
        }
        for number in late { kill(number, takingEffect: false) }
    }

    // MARK: Numbers

    func below(_ limit: Int) -> Int { state.withLock { $0.random.below(limit) } }

    private func chance(_ one: Int) -> Bool { below(one) == 0 }

    private func anyRunning() -> Int? {
        state.withLock { state in
            let alive = state.running.values.filter { !$0.isDead }.map(\.invocation.number)
                .sorted()
            return alive.isEmpty ? nil : alive[state.random.below(alive.count)]
        }
    }
}

/// The time of the store.
private final class WallTime: Sendable {
    let now = Mutex(1_700_000_000_000)
}

/// A render waits here for its end.
private final class RenderGate: Sendable {
    let world = Mutex<Simulation?>(nil)

    func wait() async throws {
        guard let world = world.withLock({ $0 }), let invocation = Invocation.current else {
            return
        }
        guard case .proceed = await world.park(.render, of: invocation) else {
            throw CancellationError()
        }
    }
}

/// What happened in a `Simulation`.
struct SimulationCounts: Sendable {
    var invocations = 0
    var crashes = 0
    var repeated = 0
    var lost = 0
    var storeFaults = 0
    var jumps = 0
    var slow = 0
    var evictions = 0
    var deadLetters = 0
    var cancels = 0
    var exports = 0

    /// Each count with its name.
    var all: [(String, Int)] {
        [
            ("exports", exports), ("invocations", invocations), ("crashes", crashes),
            ("repeated events", repeated), ("lost events", lost),
            ("store errors", storeFaults), ("clocks set", jumps), ("out of time", slow),
            ("evictions", evictions), ("dead letters", deadLetters), ("cancels", cancels),
        ]
    }
}
