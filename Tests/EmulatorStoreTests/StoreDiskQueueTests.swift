@testable import EmulatorStore
import Glibc
import TestSupport
import Testing

@Suite struct StoreDiskQueueTests {
    private struct Counts {
        var running = 0
        var runningMax = 0
        var ended = 0
    }

    @Test func `all work runs, on no more threads than the width`() async throws {
        let queue = DiskQueue()
        let counts = SharedValue(Counts())
        let isOpen = SharedValue(false)
        let total = 3 * DiskQueue.widthMax

        for _ in 0..<total {
            queue.run {
                counts.update {
                    $0.running += 1
                    $0.runningMax = max($0.runningMax, $0.running)
                }
                while !isOpen.value { usleep(1_000) }
                counts.update {
                    $0.running -= 1
                    $0.ended += 1
                }
            }
        }
        try await eventually("two threads") { counts.value.running >= 2 }
        isOpen.update { $0 = true }
        try await eventually("the end of all work") { counts.value.ended == total }

        #expect(counts.value.runningMax <= DiskQueue.widthMax)
    }
}
