import Foundation
import Synchronization
import Testing

/// Runs of `Simulation`: `SPOOL_SIMULATION_STEPS` steps, by default 200,000, from the seed
/// `SPOOL_TEST_SEED`, by default 1. `scripts/simulate` runs more of them.
@Suite struct SimulationTests {
    /// Steps with faults of one run; it then continues without until it is at rest.
    private static let faultySteps = 1_500
    private static let stepsMax = 60_000

    /// Seeds whose runs found a defect.
    private static let foundSeeds: [UInt64] = []

    /// Runs on a thread of this test alone: the tasks of a simulation run on it too.
    private static func onThread<Result: Sendable>(
        _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private static func run(
        _ seed: UInt64
    ) -> (steps: Int, violation: String?, counts: SimulationCounts) {
        let world = Simulation(seed: seed)
        let steps = world.run(faultySteps: faultySteps, stepsMax: stepsMax)
        var (violation, counts) = world.state.withLock { ($0.violation, $0.counts) }
        counts.exports = world.clients.withLock { $0.reduce(0) { $0 + $1.jobs.count } }
        return (steps, violation, counts)
    }

    @Test(arguments: foundSeeds) func `a seed that found a defect finds none`(
        seed: UInt64
    ) async {
        #expect(await Self.onThread { Self.run(seed).violation } == nil)
    }

    @Test func `every export ends once, whatever dies, repeats or is lost`() async {
        let environment = ProcessInfo.processInfo.environment
        let stepCount = environment["SPOOL_SIMULATION_STEPS"].flatMap { Int($0) } ?? 200_000
        let first = environment["SPOOL_TEST_SEED"].flatMap { UInt64($0) } ?? 1
        let violations = await Self.onThread {
            var (steps, seed, found) = (0, first, [String]())
            var totals = SimulationCounts().all
            while steps < stepCount, found.count < 5 {
                let result = Self.run(seed)
                steps += result.steps
                totals = zip(totals, result.counts.all).map { ($0.0, $0.1 + $1.1) }
                if let violation = result.violation { found.append(violation) }
                seed += 1
            }
            let text = totals.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            print("Simulation: \(steps) steps, seeds \(first) to \(seed - 1): \(text)")
            return found
        }
        #expect(violations == [])
    }
}
