@testable import Functions
import Jobs
import ObjectStore
import Synchronization
import Testing
import TestSupport
import WallClock

/// Removal of an export: whole, killed half way, and while it is rendered.
@Suite struct ExportRemovalTests {
    private static let now: UnixTime = 1_700_000_000_000

    private func removal(
        _ bucket: any Bucket, now: UnixTime = Self.now
    ) -> ExportRemoval {
        ExportRemoval(bucket: bucket, now: { now })
    }

    private func left(_ harness: FunctionHarness, _ keys: ExportKeys) -> [String] {
        harness.memory.keys.filter { $0.hasPrefix(keys.prefix) }
            .map { String($0.dropFirst(keys.prefix.count)) }.sorted()
    }

    private let tombstones = ["cancel.json", "removed.json"]

    @Test func `a finished export leaves its tombstone and its pointer`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)
        let keys = harness.keys(job)
        let before = left(harness, keys)

        let report = try await removal(harness.memory).remove(keys, reason: .deleted)

        #expect(left(harness, keys) == tombstones)
        #expect(report.objects == before.count)
        #expect(report.bytes > 0)
        #expect(try await harness.memory.objectExists(keys.pointer))
        #expect(try await !harness.memory.objectExists(keys.recent))
        #expect(harness.memory.keys.contains { $0.hasPrefix("cache/") })
    }

    @Test func `an export that expired stays in the list`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)

        _ = try await removal(harness.memory).remove(harness.keys(job), reason: .expired)

        #expect(try await harness.memory.objectExists(harness.keys(job).recent))
    }

    @Test func `the first removal keeps its reason and time`() async throws {
        let harness = FunctionHarness()
        let keys = harness.keys(try await harness.export(try await harness.asset()))
        let first = try await removal(harness.memory).remove(keys, reason: .expired)

        let second = try await removal(harness.memory, now: Self.now + .seconds(60))
            .remove(keys, reason: .deleted)

        #expect(second.reason == .expired)
        #expect(second.removedAt == first.removedAt)
        #expect(second.objects == 0)
    }

    @Test func `a quiet export needs no second visit, a busy one is visited later`() async throws {
        for (age, visits) in [(Duration.zero, 1), (ExportTombstone.lateWriteTime * 2, 0)] {
            let harness = FunctionHarness()
            let keys = harness.keys(try await harness.export(try await harness.asset()))
            try await harness.run(keys.job)

            _ = try await removal(harness.memory, now: Self.now + age)
                .remove(keys, reason: .deleted)

            // The other entry is that of the export's retention.
            let found = harness.memory.keys.compactMap { DueEntry(ObjectKey($0)) }
                .filter { $0.time < Self.now + .seconds(86_400) }
            #expect(found.count == visits)
        }
    }

    @Test(arguments: [false, true])
    func `a removal killed at any call is finished by the next`(takesEffect: Bool) async throws {
        var failing = 0
        var isDone = false
        while !isDone {
            failing += 1
            let harness = FunctionHarness()
            let keys = harness.keys(try await harness.export(try await harness.asset()))
            if failing % 2 == 0 { try await harness.run(keys.job) }
            let before = left(harness, keys)
            let faulty = FaultyBucket(
                harness.memory, failing: failing, forever: true, takesEffect: takesEffect)
            do {
                _ = try await removal(faulty).remove(keys, reason: .deleted)
                isDone = true
            } catch {
                let after = left(harness, keys)
                if !after.contains("removed.json") {
                    #expect(Set(before).isSubset(of: after), "before the tombstone")
                } else {
                    #expect(harness.memory.keys.contains { $0.hasPrefix("due/") })
                }
            }
            _ = try await removal(harness.memory).remove(keys, reason: .deleted)
            #expect(left(harness, keys) == tombstones, "killed at call \(failing)")
        }
        #expect(failing > 8)
    }

    @Test func `a removal at any call of the renderers and the stitch is final`() async throws {
        var number = 0
        var isReached = true
        while isReached {
            number += 1
            isReached = false
            let harness = FunctionHarness()
            let keys = harness.keys(try await harness.export(try await harness.asset()))
            let calls = Mutex(0)
            let (wanted, memory) = (number, harness.memory)
            let racing = FaultyBucket(
                memory,
                before: { _ in
                    guard
                        calls.withLock({
                            $0 += 1; return $0
                        }) == wanted
                    else { return }
                    _ = try? await ExportRemoval(bucket: memory, now: { Self.now })
                        .remove(keys, reason: .deleted)
                })

            try await harness.run(keys.job, bucket: racing)

            isReached = calls.withLock { $0 } >= wanted
            guard isReached else { continue }
            #expect(left(harness, keys) == tombstones, "removed at call \(number)")
            #expect(try await !memory.objectExists(keys.active))
        }
        #expect(number > 20)
    }

    @Test func `exports that wait for a removed leader are requested`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let jobs = try await harness.severalExports(
            """
            {"timeline":{"tracks":[{"clips":[
            {"asset":{"type":"video","assetId":"\(asset)"},"start":0,"length":20}]}]},
            "output":{"fps":30,"chunkSeconds":10},
            "outputs":[{"size":{"width":320,"height":180}},{"size":{"width":64,"height":36}}]}
            """)
        let leader = try #require(
            jobs.first { job in
                harness.memory.keys.contains { $0 == harness.keys(job).active.text }
                    && !harness.memory.keys.contains {
                        $0.hasPrefix(harness.keys(job).prefix) && $0.hasSuffix(".shared.json")
                    }
            })
        let other = try #require(jobs.first { $0 != leader })

        _ = try await removal(harness.memory).remove(harness.keys(leader), reason: .deleted)
        try await harness.settle([other])

        #expect(try await harness.result(other)?.outcome == .completed)
    }
}
