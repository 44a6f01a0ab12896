import Synchronization

/// Owner of tasks that outlive the call that started them. `finish` cancels and awaits them all.
///
/// At most `countMax` tasks run at once. The service bounds its work elsewhere
/// (by reserved concurrency, connections and functions), so only a defect reaches
/// this limit; the task is then refused and its owner decides how to proceed.
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

    /// - Parameter countMax: Maximum number of running tasks.
    init(countMax: Int = BackgroundTasks.countMax) { self.countMax = countMax }

    /// Starts a task.
    /// - Returns: a number for `cancel`; nil if the task is refused, after
    ///   `finish` or at the limit.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        state.withLock { state in
            guard !state.isFinished, state.tasks.count < countMax else { return nil }
            let number = state.nextNumber
            state.nextNumber += 1
            // The end of the task waits for this lock, so it cannot precede the entry.
            state.tasks[number] = Task { [self] in
                await body()
                self.state.withLock { $0.tasks[number] = nil }
            }
            return number
        }
    }

    /// Cancels a task; has no effect if it has ended.
    func cancel(_ number: Int) {
        state.withLock { $0.tasks[number] }?.cancel()
    }

    /// Cancels all running tasks and waits for them to end.
    func finish() async {
        let running = state.withLock { state in
            state.isFinished = true
            return Array(state.tasks.values)
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }
}
