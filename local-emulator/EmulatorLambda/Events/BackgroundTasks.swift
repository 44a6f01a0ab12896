import Synchronization

/// Owns the tasks that outlive the call that started them: every one is
/// cancelled and awaited by `finish`.
final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var nextNumber = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    /// Starts work; does nothing after `finish`.
    /// - Returns: a number for `cancel`.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Int {
        state.withLock { state in
            let number = state.nextNumber
            state.nextNumber += 1
            guard !state.isFinished else { return number }
            // The end of the task waits for this lock, so it comes after the
            // task is entered.
            state.tasks[number] = Task { [self] in
                await body()
                self.state.withLock { $0.tasks[number] = nil }
            }
            return number
        }
    }

    /// Cancels one; harmless when it has ended.
    func cancel(_ number: Int) {
        state.withLock { $0.tasks[number] }?.cancel()
    }

    /// Cancels what runs and waits for its end.
    func finish() async {
        let running = state.withLock { state in
            state.isFinished = true
            return Array(state.tasks.values)
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }
}
