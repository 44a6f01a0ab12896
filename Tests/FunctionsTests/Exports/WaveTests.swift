import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Long exports request their units in waves, and an owner's exports are bounded.
@Suite struct WaveTests {
    /// 20 s in 40 chunks, and the audio.
    private func long(_ asset: String, more: String = "") -> String {
        FunctionHarness.edit(asset, more: more).replacing("10}", with: "0.5}")
    }

    private func start(_ harness: FunctionHarness, _ body: String) async throws -> JobID {
        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }
        return job
    }

    private func requests(_ harness: FunctionHarness, _ job: JobID) -> [String] {
        harness.memory.keys.filter {
            $0.hasPrefix(harness.keys(job).prefix) && $0.hasSuffix(".chunk.json")
        }
    }

    @Test func `a long export requests a wave, and its receipts request the rest`() async throws {
        let harness = FunctionHarness()
        let job = try await start(harness, long(try await harness.asset()))
        #expect(requests(harness, job).count == RequestWindow().unitCountMin)

        try await harness.deliver(requests(harness, job)[0], to: .renderChunk)
        #expect(requests(harness, job).count == RequestWindow().unitCountMin + 1)
        try await harness.settle([job])

        #expect(try await harness.result(job)?.outcome == .completed)
        #expect(harness.renderer.calls.chunks.count == 40)
        #expect(requests(harness, job).count == 41)
    }

    @Test func `a cancelled export requests nothing more`() async throws {
        let harness = FunctionHarness()
        let job = try await start(harness, long(try await harness.asset()))
        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(job)")

        try await harness.settle([job])

        #expect(requests(harness, job).count == RequestWindow().unitCountMin)
        #expect(harness.renderer.calls.chunks.isEmpty)
    }

    @Test func `a wave that stopped is continued by the sweep`() async throws {
        let harness = FunctionHarness()
        let job = try await start(harness, long(try await harness.asset()))
        for key in requests(harness, job) {
            try await harness.deliver(key, to: .renderChunk)
        }
        // The last receipts' requests are lost with their events.
        for key in requests(harness, job) {
            guard let (keys, unit) = ExportKeys.parseChunkRequest(ObjectKey(key)),
                try await !harness.memory.objectExists(keys.receipt(unit))
            else { continue }
            try await harness.memory.deleteObject(ObjectKey(key))
        }
        let before = requests(harness, job).count

        _ = try await Registry.handler(.sweep, harness.services())(
            Array("{}".utf8), FunctionHarness.context)

        #expect(requests(harness, job).count == before + RequestWindow().unitCountMin)
        try await harness.settle([job])
        #expect(try await harness.result(job)?.outcome == .completed)
    }

    @Test(arguments: [false, true])
    func `outputs that are rendered together share the leader's waves`(
        cancelsLeader: Bool
    ) async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let jobs = try await harness.severalExports(
            """
            {"timeline":{"tracks":[{"clips":[
            {"asset":{"type":"video","assetId":"\(asset)"},"start":0,"length":20}]}]},
            "output":{"fps":30,"chunkSeconds":0.5},
            "outputs":[{"size":{"width":320,"height":180}},{"size":{"width":64,"height":36}}]}
            """)
        #expect(requests(harness, jobs[1]).isEmpty)
        if cancelsLeader {
            for key in requests(harness, jobs[0]).prefix(3) {
                try await harness.deliver(key, to: .renderChunk)
            }
            _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(jobs[0])")
        }
        try await harness.settle(jobs)

        #expect(try await harness.result(jobs[1])?.outcome == .completed)
        let leader: ExportResult.Outcome = cancelsLeader ? .cancelled : .completed
        #expect(try await harness.result(jobs[0])?.outcome == leader)
        let calls = harness.renderer.calls
        #expect(calls.together.count + calls.chunks.count == 40)
        if !cancelsLeader { #expect(calls.chunks.isEmpty) }
    }

    @Test func `an owner's exports beyond the limit are refused until one ends`() async throws {
        var harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        harness.admission = ExportAdmission(exportCountMax: 2)
        func send(_ token: String, _ more: String = "") async throws -> (
            status: Int, json: [String: JSONValue]
        ) {
            try await harness.call(
                .startExport, "POST", "/",
                FunctionHarness.edit(try await harness.asset(token: token), more: more),
                token: token)
        }
        let named = #","clientToken":"one""#
        let asset = try await harness.asset(token: "a")
        let first = FunctionHarness.edit(asset, more: named)
        let one = try await harness.call(.startExport, "POST", "/", first, token: "a")
        #expect(one.status == 202)
        #expect(try await send("a").status == 202)

        let refused = try await send("a")
        #expect(refused.status == 429)
        #expect(refused.json["title"] == "Too many exports")
        // Another owner, and the repetition of an accepted request.
        #expect(try await send("b").status == 202)
        #expect(
            try await harness.call(.startExport, "POST", "/", first, token: "a").status == 202)

        guard case .string(let job)? = one.json["jobId"] else { throw HarnessError(text: "job") }
        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(job)", token: "a")
        #expect(try await send("a").status == 202)
    }
}
