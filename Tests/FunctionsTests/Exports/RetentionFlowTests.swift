@testable import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport
import WallClock

/// Exports that expire or are deleted, as clients see them, and the removal of an owner.
@Suite struct RetentionFlowTests {
    private static let now: UnixTime = 1_700_000_000_000
    private static let day = Duration.seconds(86_400)

    private func finished(_ harness: FunctionHarness) async throws -> ExportKeys {
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)
        return harness.keys(job)
    }

    private func left(_ harness: FunctionHarness, _ keys: ExportKeys) -> Int {
        harness.memory.keys.count { $0.hasPrefix(keys.prefix) }
    }

    @Test func `an export expires after seven days and not before`() async throws {
        let harness = FunctionHarness()
        let keys = try await finished(harness)
        let before = left(harness, keys)

        #expect(try await harness.expire(at: Self.now + Self.day * 6).due == 0)
        #expect(left(harness, keys) == before)
        #expect(try await harness.expire(at: Self.now + Self.day * 7).exports == 1)

        #expect(left(harness, keys) == 2)
        let (status, answer) = try await harness.call(
            .jobStatus, "GET", "/api/export/\(keys.job.text)")
        #expect(status == 410)
        #expect(answer["status"] == "expired")
        #expect(answer["error"]?.text == "The export expired at 2023-11-21T22:13:20.000Z.")
        let download = try await harness.call(
            .jobStatus, "GET", "/api/export/\(keys.job.text)/download")
        #expect(download.status == 410)
        #expect(download.json["state"] == "expired")
        let (_, list) = try await harness.call(.jobStatus, "GET", "/api/exports")
        #expect(list["exports"]?[0]?["status"] == "expired")
    }

    @Test func `an export whose objects the store expired is not shown as queued`() async throws {
        let harness = FunctionHarness()
        let keys = try await finished(harness)
        for key in harness.memory.keys where key.hasPrefix(keys.prefix) {
            try await harness.memory.deleteObject(ObjectKey(key))
        }

        let (status, answer) = try await harness.call(
            .jobStatus, "GET", "/api/export/\(keys.job.text)")

        #expect(status == 410)
        #expect(answer["state"] == "expired")
        #expect(answer["removedAt"]?.text == "2023-11-21T22:13:20.000Z")
        let cancel = try await harness.call(
            .cancelExport, "POST", "/api/export/\(keys.job.text)/cancel",
            query: ["jobId": keys.job.text])
        #expect(cancel.status == 410)
        #expect(left(harness, keys) == 0)
    }

    @Test func `an export may have its own retention`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let (status, answer) = try await harness.call(
            .startExport, "POST", "/", FunctionHarness.edit(asset, more: #","retention":86400"#))
        #expect(status == 202)
        let job = try #require(answer["jobId"]?.text.flatMap { JobID($0) })
        try await harness.run(job)
        let (_, shown) = try await harness.call(.jobStatus, "GET", "/api/export/\(job.text)")

        #expect(shown["expiresAt"]?.text == "2023-11-15T22:13:20.000Z")
        #expect(try await harness.expire(at: Self.now + Self.day).exports == 1)
    }

    @Test(arguments: ["3599", "2592001", "1.5", #""day""#, "true"])
    func `a retention outside its bounds is refused at its field`(value: String) async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, answer) = try await harness.call(
            .startExport, "POST", "/",
            FunctionHarness.edit(asset, more: #","retention":\#(value)"#))

        #expect(status == 400)
        #expect(answer["errors"]?[0]?["pointer"] == "/retention")
    }

    @Test func `an expiry killed at any call is finished by the next`() async throws {
        var failing = 0
        var isDone = false
        while !isDone {
            failing += 1
            let harness = FunctionHarness()
            let keys = try await finished(harness)
            let faulty = FaultyBucket(harness.memory, failing: failing, forever: true)
            _ = try? await harness.expire(at: Self.now + Self.day * 7, bucket: faulty)
            isDone = faulty.callCount < failing
            let later = Self.now + Self.day * 7 + .seconds(60)
            _ = try await harness.expire(at: later)
            #expect(left(harness, keys) == 2, "killed at call \(failing)")
            _ = try await harness.expire(at: later + ExportTombstone.lateWriteTime * 2)
            #expect(!harness.memory.keys.contains { $0.hasPrefix("due/") })
        }
        #expect(failing > 8)
    }

    @Test func `an export that runs is not removed`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())

        #expect(try await harness.expire(at: Self.now + Self.day * 7).exports == 0)

        try await harness.run(job)
        #expect(try await harness.result(job)?.outcome == .completed)
        #expect(try await harness.expire(at: Self.now + Self.day * 8).exports == 1)
    }

    @Test func `DELETE of a finished export removes its files and says which`() async throws {
        let harness = FunctionHarness()
        let job = try await finished(harness).job
        let path = "/api/export/\(job.text)"

        let removed = try await harness.call(.cancelExport, "DELETE", path)
        #expect(removed.status == 200)
        #expect(removed.json["state"] == "deleted")
        #expect((removed.json["removed"]?["objects"]?.integer ?? 0) > 8)
        let gone = try await harness.call(.jobStatus, "GET", path)
        #expect(gone.status == 410)
        #expect(gone.json["state"] == "deleted")
        let again = try await harness.call(.cancelExport, "DELETE", path)
        #expect(again.status == 200)
        #expect(again.json["removed"]?["objects"] == 0)
        let late = try await harness.call(
            .cancelExport, "POST", "\(path)/cancel", query: ["jobId": job.text])
        #expect(late.status == 410)
        let (_, list) = try await harness.call(.jobStatus, "GET", "/api/exports")
        #expect(list["exports"] == [])
    }

    @Test func `DELETE cancels an export that runs, also when it is repeated`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let path = "/api/export/\(job.text)"

        for _ in 1...2 {
            let (status, answer) = try await harness.call(.cancelExport, "DELETE", path)
            #expect(status == 200)
            #expect(
                answer == [
                    "jobId": .string(job.text), "state": "cancelled", "status": "cancelled",
                ])
        }

        let (_, shown) = try await harness.call(.jobStatus, "GET", path)
        #expect(shown["state"] == "cancelled")
    }

    @Test func `a client token does not bring a deleted export back`() async throws {
        let harness = FunctionHarness()
        let body = FunctionHarness.edit(
            try await harness.asset(), more: #","clientToken":"once""#)
        let (_, first) = try await harness.call(.startExport, "POST", "/", body)
        let job = try #require(first["jobId"]?.text.flatMap { JobID($0) })
        try await harness.run(job)
        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(job.text)")

        let (status, _) = try await harness.call(.startExport, "POST", "/", body)

        #expect(status == 410)
        #expect(left(harness, harness.keys(job)) == 2)
    }

    @Test func `an upload goes at the end of its retention unless an export reads it`()
        async throws
    {
        var harness = FunctionHarness()
        harness.retention.uploads = Self.day
        let (read, unread) = (try await harness.asset(), try await harness.asset())
        let job = try await harness.export(read)

        #expect(try await harness.expire(at: Self.now + Self.day).assets == 1)
        #expect(harness.memory.keys.contains { $0.hasPrefix("uploads/local/\(read)/") })
        #expect(!harness.memory.keys.contains { $0.contains(unread) && !$0.hasPrefix("due/") })

        try await harness.run(job)
        #expect(try await harness.expire(at: Self.now + Self.day * 2).assets == 1)
        #expect(!harness.memory.keys.contains { $0.hasPrefix("uploads/") })
    }

    @Test func `a chunk that is reused outlives one that is not`() async throws {
        var harness = FunctionHarness()
        harness.cacheBytesMax = 1
        let keys = try await finished(harness)
        let chunks = harness.memory.keys.filter { $0.hasPrefix("cache/") }
        #expect(!chunks.isEmpty)
        let again = try await harness.export(try await harness.asset())
        #expect(try await harness.expire(at: Self.now).chunks == 0, "an export runs")

        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(again.text)")
        #expect(try await harness.expire(at: Self.now).chunks == chunks.count)
        #expect(try await harness.result(keys.job)?.outcome == .completed)
    }

    @Test func `an owner's removal needs the owner's name`() async throws {
        let harness = FunctionHarness()
        let keys = try await finished(harness)

        for query in [[:], ["confirm": "everything"]] {
            let (status, answer) = try await harness.call(
                .removeOwner, "DELETE", "/api/owner", query: query)
            #expect(status == 400)
            #expect(answer["errors"]?[0]?["pointer"] == "/confirm")
        }
        #expect(left(harness, keys) > 2)
    }

    @Test func `everything of one owner is removed and nothing of another`() async throws {
        let harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        for token in ["a", "b"] {
            let asset = try await harness.asset(token: token)
            _ = try await harness.call(
                .startExport, "POST", "/", FunctionHarness.edit(asset), token: token)
        }
        func keys(_ owner: String) -> [String] {
            harness.memory.keys.filter { $0.split(separator: "/").dropFirst().first == owner[...] }
        }
        let others = keys("bob")

        let (status, answer) = try await harness.call(
            .removeOwner, "DELETE", "/api/owner", query: ["confirm": "ann"], token: "a")
        #expect(status == 202)
        #expect(answer["removal"]?["state"] == "removed")
        #expect(answer["removal"]?["exports"] == 1)
        let refused = try await harness.call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4","size":4}"#,
            token: "a")
        #expect(refused.status == 409)

        let later = Self.now + ExportTombstone.lateWriteTime * 2
        #expect(try await harness.expire(at: later).owners == 1)
        #expect(keys("ann") == ["owners/ann/removal.json"])
        #expect(keys("bob") == others)
        let (_, progress) = try await harness.call(
            .removeOwner, "GET", "/api/owner", token: "a")
        #expect(progress["removal"]?["state"] == "finished")
        #expect(try await harness.asset(token: "a").hasPrefix("ann_"))
    }

    @Test func `an owner's removal killed at any call is finished by expire`() async throws {
        var failing = 0
        var isDone = false
        while !isDone {
            failing += 2
            let harness = FunctionHarness()
            _ = try await finished(harness)
            _ = try await harness.export(try await harness.asset())
            let faulty = FaultyBucket(harness.memory, failing: failing, forever: true)
            let (status, _) = try await harness.call(
                .removeOwner, "DELETE", "/api/owner", query: ["confirm": "local"], bucket: faulty)
            isDone = faulty.callCount < failing
            #expect(isDone == (status == 202))
            let isMarked = harness.memory.keys.contains("owners/local/removal.json")
            for step in 1...3 {
                _ = try await harness.expire(
                    at: Self.now + ExportTombstone.lateWriteTime * 5 * step)
            }
            guard isMarked else { continue }
            #expect(
                harness.memory.keys == ["owners/local/removal.json"], "killed at call \(failing)")
        }
        #expect(failing > 20)
    }

    @Test func `an upload by a URL that was granted before the removal is deleted`() async throws {
        let harness = FunctionHarness()
        _ = try await harness.asset()
        let key = try #require(harness.memory.keys.first { $0.hasPrefix("uploads/") })
        _ = try await harness.call(
            .removeOwner, "DELETE", "/api/owner", query: ["confirm": "local"])
        let finish = Self.now + ExportTombstone.lateWriteTime * 2
        _ = try await harness.expire(at: finish)

        try await harness.memory.putObject(
            .bytes([1]), at: ObjectKey(key), options: PutOptions())
        _ = try await harness.expire(at: finish + .seconds(3_600))

        #expect(harness.memory.keys == ["owners/local/removal.json"])
    }
}

extension JSONValue {
    /// An element of an array; nil for any other value.
    fileprivate subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
