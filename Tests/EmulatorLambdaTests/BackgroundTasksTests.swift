@testable import EmulatorLambda
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BackgroundTasksTests {
    @Test func `a task beyond the limit is refused until one has ended`() async throws {
        let tasks = BackgroundTasks(countMax: 2)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let first = tasks.start { for await _ in gate {} }
        let second = tasks.start { try? await Task.sleep(for: .seconds(600)) }

        #expect(first != nil)
        #expect(second != nil)
        #expect(tasks.start {} == nil)

        opener.finish()
        try await eventually("a free place") { tasks.start {} != nil }
        await tasks.finish()
    }

    @Test func `no task starts after the end`() async {
        let tasks = BackgroundTasks()
        let runs = Mutex(0)
        await tasks.finish()

        #expect(tasks.start { runs.withLock { $0 += 1 } } == nil)
        #expect(runs.withLock { $0 } == 0)
    }
}
