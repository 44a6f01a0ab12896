import FFmpeg
@testable import Functions
import Jobs
import JSON
import Logging
import ObjectStore
import Testing
import TestSupport

@Suite struct FailureMappingTests {
    private static let storeCodes: [(ObjectStoreError.Code, Int, FailureClass)] = [
        (.notFound, 404, .caller), (.preconditionFailed, 409, .machine),
        (.accessDenied, 500, .machine), (.invalidRange, 500, .machine),
        (.invalidRequest, 500, .machine), (.tooLarge, 413, .caller),
        (.unavailable, 503, .network), (.timeout, 503, .network), (.cancelled, 503, .machine),
        (.invalidResponse, 502, .network), (.localFile, 500, .machine),
    ]

    @Test(arguments: storeCodes)
    func `a store code has this status and party at fault`(
        code: ObjectStoreError.Code, status: Int, party: FailureClass
    ) {
        let error = ObjectStoreError(code, operation: "GetObject", key: "secret/key")
        let mapping = FailureMapping(error)
        let problem = mapping.problem(requestID: "request-1")

        #expect(problem.status == status)
        #expect(mapping.row.failureClass == party)
        #expect(mapping.sentence == error.description)
        #expect(!problem.detail.contains("secret"))
        #expect((problem.headers["retry-after"] != nil) == (status == 503))
    }

    private static let mediaCodes: [(FFmpegError.Code, Int, FailureClass)] = [
        (.notMedia, 422, .media), (.unsupported, 422, .media),
        (.sourceUnreadable(source: 1), 503, .network), (.sourceTooShort(source: 1), 422, .media),
        (.frameCountMismatch(planned: 2, written: 1), 500, .machine),
        (.verificationFailed, 500, .machine), (.damagedOutput, 500, .machine),
        (.cancelled, 503, .machine), (.outOfTime, 503, .machine), (.outOfMemory, 503, .machine),
        (.diskFull, 503, .machine), (.notStarted, 500, .machine), (.failed, 500, .machine),
    ]

    @Test(arguments: mediaCodes)
    func `an FFmpeg code has this status and party at fault and keeps the output's tail`(
        code: FFmpegError.Code, status: Int, party: FailureClass
    ) {
        let error = FFmpegError(code, "FFmpeg stumbled.", standardErrorTail: "tail")
        let mapping = FailureMapping(error)

        #expect(mapping.problem(requestID: "request-1").status == status)
        #expect(mapping.row.failureClass == party)
        #expect(mapping.isPermanent == (party == .media))
        #expect(mapping.detail == "tail")
        #expect(mapping.logFields["detail"] == "tail")
    }

    @Test func `a store error's cause is logged and not shown`() {
        struct Refused: Error, CustomStringConvertible { let description = "refused by 10.0.0.1" }
        let error = ObjectStoreError(
            .unavailable, operation: "GetObject", key: "a", underlying: Refused())
        let mapping = FailureMapping(error)

        #expect(mapping.logFields["cause"] == "refused by 10.0.0.1")
        #expect(!mapping.sentence.contains("10.0.0.1"))
        #expect(!mapping.problem(requestID: "request-1").detail.contains("10.0.0.1"))
    }

    @Test func `an unknown error shows only the request ID`() {
        struct Surprise: Error { let secret = "hidden" }
        let problem = Problem.describing(Surprise(), requestID: "request-1")

        #expect(problem.status == 500)
        #expect(problem.detail == "An internal error occurred. The request ID is request-1.")
    }

    @Test func `a machine error at an HTTP call is a 503`() async throws {
        let harness = FunctionHarness(
            renderer: FakeRenderer(failure: FFmpegError(.diskFull, "No space is left.")))
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4","size":4}"#)
        guard case .string(let key)? = grant["key"], case .string(let id)? = grant["assetId"]
        else { throw HarnessError(text: "\(grant)") }
        try await harness.memory.putObject(
            .bytes([1, 2, 3, 4]), at: ObjectKey(key), options: PutOptions(contentType: "video/mp4"))

        let (status, problem) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)

        #expect(status == 503)
        #expect(problem["title"] == "Service unavailable")
    }

    @Test func `a store that denies access is reported as such`() async throws {
        let harness = FunctionHarness()
        let denied = PermittedBucket(harness.memory, permissions: [:], used: { _, _ in })

        let (status, problem) = try await harness.call(
            .jobStatus, "GET", "/api/exports", bucket: denied)

        #expect(status == 500)
        #expect(problem["title"] == "Storage access denied")
    }

    @Test func `a cached chunk is not rendered again after a store failure`()
        async throws
    {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        try await harness.run(try await harness.export(asset))
        try #require(harness.renderer.calls.chunks.count == 2)

        for number in 1... {
            let job = try await harness.export(asset)
            let faulty = FaultyBucket(harness.memory, failing: number)
            // A throttled call is thrown, so that the platform delivers the event again.
            try? await harness.deliver(
                harness.keys(job).request(FunctionHarness.units[0]).text, to: .renderChunk,
                bucket: faulty)
            #expect(harness.renderer.calls.chunks.count == 2, "call \(number)")
            if faulty.callCount < number { break }
            try #require(number < 100)
        }
    }

    @Test func `a throttled check of the cache is thrown`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        // HEAD cancel, HEAD result, GET plan, HEAD receipt, then HEAD of the cache.
        let throttled = FaultyBucket(harness.memory, failing: 5)

        await #expect(throws: ObjectStoreError.self) {
            try await harness.deliver(
                harness.keys(job).request(FunctionHarness.units[0]).text, to: .renderChunk,
                bucket: throttled)
        }

        #expect(harness.renderer.calls.chunks.isEmpty)
        #expect(try await harness.result(job) == nil)
    }

    @Test func `a full store is a 507 with a time to wait`() {
        var error = ObjectStoreError(.unavailable, operation: "PutObject", key: "a")
        error.serviceCode = "InsufficientStorage"
        let problem = FailureMapping(error).problem(requestID: "r")

        #expect(problem.status == 507)
        #expect(problem.detail.contains("no room"))
        #expect(problem.headers["retry-after"] == "60")
        #expect(!FailureMapping(error).isPermanent)
    }
}
