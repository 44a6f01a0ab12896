import Functions
import Jobs
import JSON
import ObjectStore
import RenderPlans
import Testing
import TestSupport
import WallClock

/// Uploads that are of no use to anyone: rejected and abandoned ones.
@Suite struct RejectedUploadTests {
    private static func grant(
        _ harness: FunctionHarness, type: String = "video/mp4", size: Int = 4
    ) async throws -> (key: ObjectKey, asset: AssetID) {
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mp4","contentType":"\#(type)","size":\#(size)}"#)
        guard case .string(let key)? = grant["key"], case .string(let id)? = grant["assetId"],
            let asset = AssetID(id)
        else { throw HarnessError(text: "\(grant)") }
        return (ObjectKey(key), asset)
    }

    private func put(_ harness: FunctionHarness, _ key: ObjectKey, _ type: String) async throws {
        try await harness.memory.putObject(
            .bytes([1, 2, 3, 4, 5]), at: key, options: PutOptions(contentType: type))
    }

    @Test func `the bytes of a rejected upload are deleted, and its record says why`() async throws
    {
        let harness = FunctionHarness()
        let (key, asset) = try await Self.grant(harness)
        for _ in 0..<2 {
            try await put(harness, key, "video/mp4")
            try await harness.deliver(key.text, to: .completeUpload)

            #expect(try await !harness.memory.objectExists(key))
        }
        let (status, problem) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(asset.text)"}"#)
        #expect(status == 422)
        #expect("\(problem)".contains("but 4 were announced"))
    }

    @Test func `JSON that is no caption file stays, since an export names it by key`() async throws
    {
        let harness = FunctionHarness()
        let (key, _) = try await Self.grant(harness, type: "application/json", size: 5)
        try await put(harness, key, "application/json")

        try await harness.deliver(key.text, to: .completeUpload)

        #expect(try await harness.memory.objectExists(key))
    }

    @Test func `an upload whose bytes never came is removed a day after its grant`() async throws {
        let harness = FunctionHarness()
        let (_, abandoned) = try await Self.grant(harness)
        let used = try await harness.asset()

        for hours in [24, 26] {
            _ = try await harness.expire(at: harness.clock.now + .seconds(3_600 * hours))

            let keys = AssetKeys(owner: .local, asset: abandoned)
            #expect(try await harness.memory.objectExists(keys.upload) == (hours == 24))
        }
        let kept = AssetKeys(owner: .local, asset: try #require(AssetID(used)))
        #expect(try await harness.memory.objectExists(kept.record))
        #expect(harness.memory.keys.contains { $0.hasPrefix("uploads/local/\(used)/") })
        #expect(!harness.memory.keys.contains { $0.contains("/upload/") })
    }

    @Test(arguments: [
        "uploads/local/A/../../alice/B/c.mp4", "uploads/local/A/./c.mp4", "uploads/local/A//c.mp4",
        "uploads/local/A/..", "uploads/local/A/c.mp4/.",
    ])
    func `a key with dot segments is no upload of the caller`(key: String) async throws {
        let harness = FunctionHarness()
        for (method, path) in [("GET", "X/1"), ("GET", "X"), ("DELETE", "X"), ("GET", "X/batch")] {
            let (status, _) = try await harness.call(
                .uppyUpload, method, "/api/uppy/s3/multipart/\(path)",
                query: ["key": key, "partNumbers": "1"])
            #expect(status == 404)
        }
        let (status, problem) = try await harness.call(
            .startExport, "POST", "/", #"{"editKey":"\#(key)"}"#)
        #expect(status == 400)
        #expect("\(problem)".contains("is not a stored edit of the caller"))
    }
}
