import ChildProcess
import Logging

/// The end of a pool.
extension FunctionPool {
    /// Takes no more calls, gives running ones until `deadline`, ends all instances.
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
        // SIGTERM has its grace; the rest is killed.
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
        // Their callers get a failure.
        for number in instances.keys {
            apply(to: number, exit: "Runtime could not be ended") { $0.ended() }
        }
    }

    private func retireAll() {
        for number in instances.keys { apply(to: number) { $0.retire() } }
    }

    /// Time that SIGTERM gives an instance when the emulator stops, before it is killed.
    private static let terminationGrace = Duration.seconds(1)
    /// Time that the kernel gets to end killed processes.
    private static let killGrace = Duration.seconds(5)

    /// Waits while a condition holds, at most until a time. Wakes at each change.
    ///
    /// The timer is a task apart, so that cancelling the caller neither ends the wait early nor
    /// takes its end away.
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
