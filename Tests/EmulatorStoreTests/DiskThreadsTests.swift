@testable import EmulatorStore
import Synchronization
import TestSupport
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct DiskThreadsTests {
    private struct Fault: Error {}

    @Test func `work runs in parallel, up to the number of threads`() async throws {
        let threads = DiskThreads(threadCountMax: 3)
        let running = Mutex(0)
        let ended = Mutex(0)
        let gate = Wakeups()
        for _ in 0..<10 {
            threads.start {
                running.withLock { $0 += 1 }
                gate.wait()
                running.withLock { $0 -= 1 }
                ended.withLock { $0 += 1 }
            }
        }

        try await eventually("three pieces of work") { running.withLock { $0 } == 3 }
        for count in 1...7 {
            gate.signal()
            try await eventually("the next piece of work") {
                ended.withLock { $0 } == count && running.withLock { $0 } == 3
            }
        }
        for _ in 0..<3 { gate.signal() }
        try await eventually("the last piece of work") { ended.withLock { $0 } == 10 }
    }

    @Test func `the result and the error of work reach its caller`() async throws {
        let threads = DiskThreads()

        #expect(try await threads.run { 7 } == 7)
        await #expect(throws: Fault.self) { try await threads.run { throw Fault() } }
    }

    @Test func `work that waits is done though the owner is gone`() async throws {
        let ended = Mutex(0)
        do {
            let threads = DiskThreads(threadCountMax: 1)
            for _ in 0..<5 { threads.start { ended.withLock { $0 += 1 } } }
        }

        try await eventually("five pieces of work") { ended.withLock { $0 } == 5 }
    }
}
