import Synchronization

/// Owns the tasks that outlive the call that started them: every one is
/// cancelled and awaited by `finish`.
///
/// At most `countMax` run at the same time. The work of the service is bounded elsewhere (by
/// reserved concurrency, connections and functions), so this limit is met by a defect only; the
/// task is refused then and its owner decides what that means.
final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var nextNumber = 0
        var isFinished = false
    }

    /// Default of `countMax`: ten times the largest reserved concurrency of an account (1,000).
    static let countMax = 10_000

    private let countMax: Int
    private let state = Mutex(State())

    /// - Parameter countMax: Tasks that may run at the same time.
    init(countMax: Int = BackgroundTasks.countMax) { self.countMax = countMax }

    /// Starts work.
    /// - Returns: a number for `cancel`; nil when the work is refused, after `finish` or at
    ///   the limit.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        state.withLock { state in
            guard !state.isFinished, state.tasks.count < countMax else { return nil }
            let number = state.nextNumber
            state.nextNumber += 1
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
