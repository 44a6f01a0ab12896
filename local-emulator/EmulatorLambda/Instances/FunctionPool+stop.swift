import ChildProcess
import Logging

/// The shutdown of a pool.
extension FunctionPool {
    /// Refuses new calls, lets running ones finish until `deadline`, then ends all instances.
    func stop(by deadline: ContinuousClock.Instant) async {
        isStopping = true
        let refused = waiting
        waiting = []
        for entry in refused { entry.continuation.resume(returning: .throttled) }
        retireAll()
        await waitForChanges(until: deadline) {
            instances.values.contains(where: \.state.isWorking)
        }
        retireAll()
        // Idle instances get SIGTERM and its grace period; working ones are killed.
        for number in instances.keys where instances[number]?.state.isWorking == true {
            apply(to: number) { $0.stopLimitReached() }
        }
        await waitForChanges(until: .now + Self.terminationGrace) { !instances.isEmpty }
        for number in instances.keys { apply(to: number) { $0.stopLimitReached() } }
        await waitForChanges(until: .now + Self.killGrace) { !instances.isEmpty }
        guard !instances.isEmpty else { return }
        services.logger.error(
            "Instances abandoned: processes not reaped after SIGKILL",
            ["function": .string(function.name), "instances": .integer(instances.count)])
        // Callers of these instances get a failure.
        for number in instances.keys {
            apply(to: number, exit: "Runtime could not be ended") { $0.ended() }
        }
    }

    private func retireAll() {
        for number in instances.keys { apply(to: number) { $0.retire() } }
    }

    /// Time between SIGTERM and SIGKILL when the emulator stops.
    private static let terminationGrace = Duration.seconds(1)
    /// Time for the kernel to end killed processes.
    private static let killGrace = Duration.seconds(5)

    /// Waits while a condition holds, until a deadline at the latest. Each change wakes it.
    ///
    /// The timer is a separate task, so cancelling the caller neither ends the
    /// wait early nor removes its limit.
    private func waitForChanges(
        until end: ContinuousClock.Instant, while condition: () -> Bool
    ) async {
        let timer = Task {
            try? await Task.sleep(until: end, clock: .continuous)
            announceChange()
        }
        while condition(), ContinuousClock.now < end {
            await withCheckedContinuation { changeWaiters.append($0) }
            retireAll()
        }
        timer.cancel()
        await timer.value
    }

    /// Wakes a stop that waits for instances.
    func announceChange() {
        let waiters = changeWaiters
        changeWaiters = []
        for waiter in waiters { waiter.resume() }
    }
}
