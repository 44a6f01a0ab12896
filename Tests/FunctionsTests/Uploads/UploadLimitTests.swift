import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// `SPOOL_UPLOAD_MAX_BYTES`, in each way of uploading.
@Suite struct UploadLimitTests {
    private static let limit = 5 << 20

    private static func harness() -> FunctionHarness {
        var harness = FunctionHarness()
        harness.uploadBytesMax = limit
        return harness
    }

    private static func text(_ json: [String: JSONValue], _ name: String) throws -> String {
        guard case .string(let text)? = json[name] else { throw HarnessError(text: "\(json)") }
        return text
    }

    @Test(arguments: ["", #","method":"POST""#])
    func `a larger announced upload is refused by name`(method: String) async throws {
        let (status, problem) = try await Self.harness().call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mp4","contentType":"video/mp4","size":\#(Self.limit + 1)\#(method)}"#)

        #expect(status == 413)
        #expect(problem["error"] == "Upload too large")
        #expect(
            problem["detail"]
                == "The upload has 5242881 bytes; the largest upload has 5242880 bytes.")
        #expect("\(problem)".contains("/size"))
    }

    @Test func `a grant says what the largest upload is`() async throws {
        let (status, grant) = try await Self.harness().call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mp4","contentType":"video/mp4","size":\#(Self.limit)}"#)

        #expect(status == 200)
        #expect(grant["maxBytes"] == .integer(Self.limit))
    }

    @Test func `an upload in parts is refused when their sum is larger`() async throws {
        let harness = Self.harness()
        let (_, made) = try await harness.call(
            .uppyUpload, "POST", "/api/uppy/s3/multipart",
            #"{"filename":"a.mp4","type":"video/mp4"}"#)
        #expect(made["maxBytes"] == .integer(Self.limit))
        let (key, upload) = (try Self.text(made, "key"), try Self.text(made, "uploadId"))
        var parts: [String] = []
        for number in 1...2 {
            let part = try await harness.memory.uploadPart(
                .bytes([UInt8](repeating: 1, count: Self.limit)), number: number,
                of: ObjectKey(key), uploadID: upload)
            parts.append(#"{"PartNumber":\#(number),"ETag":"\#(part.etag)"}"#)
        }

        let (status, problem) = try await harness.call(
            .uppyUpload, "POST", "/api/uppy/s3/multipart/\(upload)/complete",
            #"{"parts":[\#(parts.joined(separator: ","))]}"#, query: ["key": key])

        #expect(status == 413)
        #expect(problem["error"] == "Upload too large")
        let isStored = try await harness.memory.objectExists(ObjectKey(key))
        #expect(!isStored)
        await #expect(throws: ObjectStoreError.self) {
            try await harness.memory.listParts(of: ObjectKey(key), uploadID: upload)
        }
    }

    @Test(arguments: [(1, 200), (2, 413)])
    func `the URL of a part beyond the limit is not signed`(number: Int, wanted: Int) async throws {
        let harness = Self.harness()
        let (_, made) = try await harness.call(
            .uppyUpload, "POST", "/api/uppy/s3/multipart",
            #"{"filename":"a.mp4","type":"video/mp4"}"#)
        let upload = try Self.text(made, "uploadId")

        let (status, _) = try await harness.call(
            .uppyUpload, "GET", "/api/uppy/s3/multipart/\(upload)/\(number)",
            query: ["key": try Self.text(made, "key")])

        #expect(status == wanted)
    }

    @Test func `a larger upload of unknown size is not an asset and is deleted`() async throws {
        let harness = Self.harness()
        let (_, made) = try await harness.call(
            .uppyUpload, "GET", "/api/uppy/s3/params",
            query: ["filename": "a.mp4", "type": "video/mp4"])
        let (key, id) = (try Self.text(made, "key"), try Self.text(made, "assetId"))
        try await harness.memory.putObject(
            .bytes([UInt8](repeating: 1, count: Self.limit + 1)), at: ObjectKey(key),
            options: PutOptions(contentType: "video/mp4"))

        try await harness.deliver(key, to: .completeUpload)

        let isStored = try await harness.memory.objectExists(ObjectKey(key))
        #expect(!isStored)
        let (status, problem) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)
        #expect(status == 422)
        #expect("\(problem)".contains("the largest upload has 5242880 bytes"))
    }
}
