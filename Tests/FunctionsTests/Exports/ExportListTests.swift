import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// `GET /api/exports`, and bodies at their limits.
@Suite struct ExportListTests {
    @Test func `an owner's exports are named with their states`() async throws {
        let harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        let asset = try await harness.asset(token: "a")
        for _ in 1...2 {
            _ = try await harness.call(
                .startExport, "POST", "/", FunctionHarness.edit(asset), token: "a")
        }
        let (_, list) = try await harness.call(.jobStatus, "GET", "/api/exports", token: "a")
        let (_, none) = try await harness.call(.jobStatus, "GET", "/api/exports", token: "b")

        guard case .array(let entries)? = list["exports"] else { return #expect(Bool(false)) }
        #expect(entries.count == 2)
        #expect(
            entries.allSatisfy { entry in
                guard case .object(let fields) = entry else { return false }
                return fields["status"] == "queued"
                    && fields["createdAt"] == "2023-11-14T22:13:20.000Z"
            })
        #expect(none["exports"] == [])
    }

    @Test func `a finished export costs the list one read`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)
        let counting = FaultyBucket(harness.memory)

        let (_, list) = try await harness.call(
            .jobStatus, "GET", "/api/exports", bucket: counting)

        #expect(
            list["exports"]
                == [
                    [
                        "jobId": .string(job.text), "status": "completed",
                        "createdAt": "2023-11-14T22:13:20.000Z",
                    ]
                ])
        #expect(counting.callCount == 2)
    }

    @Test func `a stored edit that is missing or too large is a 4xx`() async throws {
        let harness = FunctionHarness()
        let key = "uploads/local/large.json"
        func start() async throws -> Int {
            try await harness.call(.startExport, "POST", "/", #"{"editKey":"\#(key)"}"#).status
        }

        #expect(try await start() == 400)
        try await harness.memory.putObject(
            .bytes([UInt8](repeating: 32, count: (64 << 20) + 1)), at: ObjectKey(key),
            options: PutOptions())
        #expect(try await start() == 413)
    }

    @Test func `the largest upload has as many parts as a response can carry`() async throws {
        var harness = FunctionHarness()
        harness.uploadBytesMax = UploadLimits.bytesMax
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mov","contentType":"video/quicktime","size":5497558138880}"#)

        guard case .array(let parts)? = grant["parts"] else { return #expect(Bool(false)) }
        #expect(parts.count <= 2_000)
        let bytes = try #require(grant["partSize"]?.integer)
        #expect(bytes <= 5_368_709_120)
    }
}
