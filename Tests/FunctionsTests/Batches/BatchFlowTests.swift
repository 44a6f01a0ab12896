import Foundation
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport
import WallClock

@testable import Functions

extension FunctionHarness {
    static let stored = [
        "content-type": "application/vnd.spool.form+json", "x-spool-body": "stored",
    ]

    /// Stores files as the front door does and sends the form that names them.
    func form(
        _ names: [String], fields: String = #"{"variations":"2"}"#, refused: String = "[]",
        bytes: Int = 4, token: String? = nil
    ) async throws -> (status: Int, json: [String: JSONValue]) {
        let (_, grant) = try await call(
            .createBatch, "POST", "/api/jobs",
            headers: [
                "content-type": "multipart/form-data; boundary=b", "x-spool-body": "pending",
            ], token: token)
        guard case .array(let prefixes)? = grant["keys"] else {
            throw HarnessError(text: "\(grant)")
        }
        var files: [String] = []
        for (name, prefix) in zip(names, prefixes) {
            guard case .string(let prefix) = prefix else { continue }
            try await memory.putObject(
                .bytes([UInt8](repeating: 1, count: bytes)), at: ObjectKey(prefix + name),
                options: PutOptions(contentType: "video/mp4"))
            files.append(
                #"{"filename":"\#(name)","contentType":"video/mp4","key":"\#(prefix + name)"}"#)
        }
        return try await call(
            .createBatch, "POST", "/api/jobs",
            #"{"fields":\#(fields),"files":[\#(files.joined(separator: ","))],"#
                + #""refused":\#(refused)}"#,
            headers: Self.stored, token: token)
    }

    /// A batch of these files, as `form` makes it.
    func batch(_ names: [String] = ["a.mp4", "b.mov"], fields: String = #"{"variations":"2"}"#)
        async throws -> BatchKeys
    {
        let (status, answer) = try await form(names, fields: fields)
        guard status == 201, case .string(let text)? = answer["job_id"], let id = BatchID(text)
        else { throw HarnessError(text: "\(answer)") }
        return BatchKeys(owner: .local, batch: id)
    }

    func advance(_ keys: BatchKeys) async throws {
        try await deliver(keys.advanceRequest.text, to: .advanceBatch)
    }

    func record(_ keys: BatchKeys) async throws -> BatchRecord {
        try #require(try await memory.document(BatchRecord.self, at: keys.record))
    }

    /// Renders every output; each end is an event of advance-batch.
    func render(_ keys: BatchKeys) async throws {
        let outputs = try await record(keys).outputs
        try await settle(outputs.map(\.job))
        for output in outputs {
            try await deliver("active/\(output.job.text)", to: .advanceBatch)
        }
    }

    func status(_ keys: BatchKeys) async throws -> [String: JSONValue] {
        try await call(.readJobs, "GET", "/api/jobs/\(keys.batch.text)").json
    }

    func sweep() async throws {
        _ = try await Registry.handler(.sweep, services(allowed(.sweep, nil)))(
            Array("{}".utf8), Self.context)
    }
}

@Suite struct BatchFlowTests {
    private let harness = FunctionHarness()

    @Test func `a form becomes a batch with the fields of Video Refresher`() async throws {
        let (status, answer) = try await harness.form(["a.mp4", "b.mov"])

        #expect(status == 201)
        #expect(
            Set(answer.keys)
                == ["job_id", "status", "files", "variations", "total_outputs", "created_at"])
        #expect(answer["status"] == "queued")
        #expect(answer["total_outputs"] == 4)
        #expect(
            answer["files"]
                == [["name": "a.mp4", "size": 4], ["name": "b.mov", "size": 4]])
        #expect(answer["created_at"] == "2023-11-14T22:13:20.000Z")
    }

    @Test func `a batch is rendered, listed, downloaded and its uploads deleted`() async throws {
        let keys = try await harness.batch()
        #expect(try await harness.status(keys)["status"] == "queued")
        try await harness.advance(keys)
        try await harness.render(keys)

        let done = try await harness.status(keys)
        #expect(done["status"] == "complete")
        #expect(done["expires_at"] == "2023-11-15T22:13:20.000Z")
        #expect(done["error_message"] == nil)
        guard case .array(let results)? = done["results"], case .object(let first)? = results.first
        else { throw HarnessError(text: "\(done)") }
        #expect(results.count == 4)
        #expect(first["name"] == "a_v1.mp4")
        #expect(first["ready"] == true)

        #expect(!harness.memory.keys.contains { $0.hasPrefix("uploads/") })
        #expect(!harness.memory.keys.contains { $0.hasPrefix("assets/") })
        #expect(!harness.memory.keys.contains { $0.hasPrefix("active/") })
        #expect(try await harness.status(keys)["status"] == "complete")
    }

    @Test func `outputs that are ready are listed while others render`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        try await harness.advance(keys)
        let first = keys.export(at: 0)
        try await harness.memory.putDocument(
            ExportResult(
                outcome: .completed, finishedAt: 1,
                output: .init(
                    key: "k", bytes: 7, etag: "e", contentType: "video/mp4", frames: 1,
                    samples: 1, durationSeconds: 1)), at: first.result)

        let status = try await harness.status(keys)

        #expect(status["status"] == "processing")
        guard case .array(let results)? = status["results"] else { throw HarnessError(text: "") }
        #expect(
            results.first
                == [
                    "id": .string(first.job.text), "name": "a_v1.mp4", "size": 7, "ready": true,
                    "status": "complete",
                ])
        #expect(
            status["progress"]
                == [
                    "current_file": "a.mp4", "current_variation": 2, "total_variations": 2,
                    "percent": 50,
                ])
    }

    @Test func `one failed output does not stop the others`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        try await harness.advance(keys)
        let ledger = ExportLedger(
            bucket: harness.memory, keys: keys.export(at: 1), now: { 1_700_000_000_000 })
        try await ledger.fail("FFmpeg failed (code(1))")
        try await harness.render(keys)

        let status = try await harness.status(keys)

        #expect(status["status"] == "complete")
        #expect(
            status["error_message"]
                == "1 of 2 outputs failed. a_v2.mp4: FFmpeg failed (code(1))")
    }

    @Test func `events that come twice, late or before a kill's repeat change nothing`()
        async throws
    {
        let keys = try await harness.batch()
        try await harness.advance(keys)
        let written = harness.memory.keys
        // The function died before its last write.
        try await harness.memory.deleteObject(keys.started)
        try await harness.memory.deleteObject(keys.export(at: 3).active)
        try await harness.advance(keys)
        #expect(harness.memory.keys == written)

        try await harness.render(keys)
        let result = try await harness.memory.getObject(
            keys.result, range: nil, ifMatch: nil, bytesMax: 1 << 20)
        for _ in 0..<2 { try await harness.advance(keys) }
        let again = try await harness.memory.getObject(
            keys.result, range: nil, ifMatch: nil, bytesMax: 1 << 20)
        #expect(again == result)
        #expect(harness.renderer.calls.stitches == 4)
    }

    @Test func `the sweep starts a batch whose event was lost`() async throws {
        let keys = try await harness.batch()
        try await harness.memory.deleteObject(keys.advanceRequest)

        try await harness.sweep()

        #expect(try await harness.memory.objectExists(keys.advanceRequest))
    }

    @Test func `one batch renders at a time, an interactive one first`() async throws {
        let first = try await harness.batch(["a.mp4"])
        try await harness.advance(first)
        harness.clock.advance(by: .seconds(1))
        let second = try await harness.batch(["b.mp4"])
        harness.clock.advance(by: .seconds(1))
        let urgent = try await harness.batch(
            ["c.mp4"], fields: #"{"variations":"1","priority":"interactive"}"#)
        for keys in [second, urgent] { try await harness.advance(keys) }
        #expect(try await !harness.memory.objectExists(second.started))
        #expect(try await !harness.memory.objectExists(urgent.started))

        try await harness.render(first)
        for keys in [second, urgent] { try await harness.advance(keys) }

        #expect(try await !harness.memory.objectExists(second.started))
        #expect(try await harness.memory.objectExists(urgent.started))
    }

    @Test func `uploads stay while another export reads them`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        try await harness.advance(keys)
        let asset = try await harness.record(keys).files[0].assetID
        let other = try await harness.export(asset)
        try await harness.render(keys)
        #expect(try await harness.status(keys)["status"] == "complete")
        #expect(harness.memory.keys.contains { $0.hasPrefix("uploads/") })

        try await harness.run(other)
        try await harness.advance(keys)
        #expect(!harness.memory.keys.contains { $0.hasPrefix("uploads/") })
    }

    @Test func `uploads stay while another batch waits for them`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        try await harness.advance(keys)
        let asset = try await harness.record(keys).files[0].assetID
        harness.clock.advance(by: .seconds(1))
        _ = try await harness.call(
            .createBatch, "POST", "/api/jobs", #"{"assets":["\#(asset)"],"variations":1}"#)
        try await harness.render(keys)

        #expect(harness.memory.keys.contains { $0.hasPrefix("uploads/") })
    }

    @Test func `a deleted running batch is cancelled, a deleted ended one is gone`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        try await harness.advance(keys)
        let path = "/api/jobs/\(keys.batch.text)"
        let cancelled = try await harness.call(.removeJob, "DELETE", path)
        #expect(cancelled.json["status"] == "cancelled")
        try await harness.advance(keys)
        #expect(try await harness.status(keys)["status"] == "cancelled")
        #expect(try await harness.result(keys.batch.job(at: 0))?.outcome == .cancelled)

        let deleted = try await harness.call(.removeJob, "DELETE", path)
        #expect(deleted.json["status"] == "deleted")

        let left = harness.memory.keys.filter { key in
            !["cache/", "due/", "jobs/"].contains { key.hasPrefix($0) }
                && !["/removed.json", "/cancel.json"].contains { key.hasSuffix($0) }
        }
        #expect(left == [])
        #expect(try await harness.call(.readJobs, "GET", path).status == 404)
        #expect(try await harness.call(.removeJob, "DELETE", path).status == 404)
    }

    @Test func `results are 410 after a day`() async throws {
        let keys = try await harness.batch(["a.mp4"])
        harness.clock.advance(by: .seconds(86_400))

        let answer = try await harness.call(.readJobs, "GET", "/api/jobs/\(keys.batch.text)")

        #expect(answer.status == 410)
        #expect(answer.json["error"] == "Job expired")
        let list = try await harness.call(.readJobs, "GET", "/api/jobs")
        #expect(list.json["jobs"] != nil)
    }

    @Test func `jobs are listed newest first, a batch without its exports, in pages`()
        async throws
    {
        let asset = try await harness.asset()
        var expected: [String] = []
        for round in 0..<3 {
            harness.clock.advance(by: .seconds(1))
            expected.insert(try await harness.export(asset).text, at: 0)
            harness.clock.advance(by: .seconds(1))
            let keys = try await harness.batch(["\(round).mp4"])
            try await harness.advance(keys)
            if round < 2 { try await harness.render(keys) }
            expected.insert(keys.batch.text, at: 0)
        }
        var found: [String] = []
        var query = ["limit": "2"]
        while true {
            let page = try await harness.call(.readJobs, "GET", "/api/jobs", query: query).json
            guard case .array(let jobs)? = page["jobs"] else { break }
            #expect(jobs.count == 2)
            for case .object(let job) in jobs {
                guard case .string(let id)? = job["job_id"] ?? job["jobId"] else { continue }
                found.append(id)
            }
            guard case .string(let next)? = page["next"] else { break }
            query["after"] = next
        }
        #expect(found == expected)
        let bad = try await harness.call(.readJobs, "GET", "/api/jobs", query: ["limit": "0"])
        #expect(bad.status == 400)
    }

    @Test func `a single export is a job in ClipForge's words`() async throws {
        let job = try await harness.export(try await harness.asset())
        let path = "/api/jobs/\(job.text)"
        let waiting = try await harness.call(.readJobs, "GET", path).json
        #expect(waiting["status"] == "pending")
        #expect(waiting["state"] == "waiting")
        #expect(waiting["progress"] == 10)
        #expect(waiting["downloadUrl"] == nil)

        try await harness.run(job)
        let done = try await harness.call(.readJobs, "GET", path).json
        #expect(done["status"] == "completed")
        #expect(done["progress"] == 100)
        #expect(done["downloadUrl"] != nil)
        #expect(done["error"] == nil)

        let removed = try await harness.call(.removeJob, "DELETE", path)
        #expect(removed.json["status"] == "deleted")
        let gone = try await harness.call(.readJobs, "GET", path)
        #expect([404, 410].contains(gone.status))
    }
}
