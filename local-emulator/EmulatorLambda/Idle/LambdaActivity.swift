import EmulatorDatabase

/// Work of the functions, for the decision whether the emulator is idle.
package struct LambdaActivity: Hashable, Sendable {
    /// Number of invocations of functions without a schedule, since the start.
    package var invocations = 0
    /// Number of invocations of functions with a schedule.
    package var ticks = 0
    /// True while a function without a schedule is at work or has an event in the queue.
    package var isBusy = false
    /// True while a function with a schedule is at work.
    package var isTicking = false

    /// No work.
    package init() {}
}

extension LambdaService {
    /// The work of the functions.
    package func activity() async -> LambdaActivity {
        var activity = LambdaActivity()
        let depth = (try? await database.read { try AsynchronousQueue.depth(in: $0) }) ?? [:]
        for (name, pool) in pools {
            let count = services.metrics.invocationCount(of: name)
            let isAtWork = await pool.isAtWork
            if pool.function.schedule != nil {
                activity.ticks += count
                activity.isTicking = activity.isTicking || isAtWork
            } else {
                activity.invocations += count
                activity.isBusy = activity.isBusy || isAtWork || (depth[name] ?? 0) > 0
            }
        }
        return activity
    }
}
