import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Uppy's S3 plugin with the API of Companion.
@Suite struct UppyUploadTests {
    private let harness = FunctionHarness()

    private func call(
        _ method: String, _ path: String, _ body: String = "", query: [String: String] = [:],
        token: String? = nil
    ) async throws -> (status: Int, json: [String: JSONValue]) {
        try await harness.call(
            .uppyUpload, method, "/api/uppy/s3/\(path)", body, query: query, token: token)
    }

    private struct Begun {
        var key: String
        var uploadID: String
        var asset: String
    }

    private func begin() async throws -> Begun {
        let (status, json) = try await call(
            "POST", "multipart", #"{"filename":"a b.mp4","type":"video/mp4","metadata":{}}"#)
        guard status == 200, case .string(let key)? = json["key"],
            case .string(let upload)? = json["uploadId"], case .string(let asset)? = json["assetId"]
        else { throw HarnessError(text: "\(json)") }
        return Begun(key: key, uploadID: upload, asset: asset)
    }

    /// Smallest part, except the last.
    private static let partBytes = 5 << 20

    private func put(_ number: Int, of begun: Begun) async throws -> String {
        try await harness.memory.uploadPart(
            .bytes(Array(repeating: UInt8(number), count: Self.partBytes)), number: number,
            of: ObjectKey(begun.key), uploadID: begun.uploadID
        ).etag
    }

    @Test func `a single upload is granted by name and type`() async throws {
        let (status, json) = try await call(
            "GET", "params",
            query: ["filename": "a b.mp4", "type": "video/mp4", "metadata[x]": "y"])

        #expect(status == 200)
        let id = "local_1700000000000_aaaaaaaaaaaaaaaaaaa1"
        #expect(
            json == [
                "assetId": .string(id), "key": .string("uploads/local/\(id)/a b.mp4"),
                "method": "PUT", "fields": [:], "headers": ["content-type": "video/mp4"],
                "url": .string(
                    "memory://client/put/uploads/local/\(id)/a b.mp4?type=video/mp4&length=-1"),
                "expires": .integer(3_600),
            ])
    }

    @Test func `an upload without an announced size becomes an asset`() async throws {
        let (_, json) = try await call(
            "GET", "params", query: ["filename": "a.mp4", "type": "video/mp4"])
        guard case .string(let key)? = json["key"], case .string(let id)? = json["assetId"]
        else { return #expect(Bool(false)) }
        try await harness.memory.putObject(
            .bytes([1, 2, 3]), at: ObjectKey(key), options: PutOptions(contentType: "video/mp4"))

        let (status, asset) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)

        #expect(status == 200)
        #expect(asset["status"] == "ready")
    }

    @Test func `parts are signed, listed and joined`() async throws {
        let begun = try await begin()
        let path = "multipart/\(begun.uploadID)"
        let key = ["key": begun.key]

        let (_, signed) = try await call("GET", "\(path)/2", query: key)
        let (_, batch) = try await call(
            "GET", "\(path)/batch", query: ["key": begun.key, "partNumbers": "1,3"])
        let etags = [try await put(1, of: begun), try await put(2, of: begun)]
        let parts = etags.enumerated().map { #"{"PartNumber":\#($0 + 1),"ETag":"\"\#($1)\""}"# }
        let body = #"{"parts":[\#(parts.joined(separator: ","))]}"#
        let (status, done) = try await call("POST", "\(path)/complete", body, query: key)
        // The response was lost, and Uppy repeats the request.
        let (again, _) = try await call("POST", "\(path)/complete", body, query: key)

        #expect(signed["expires"] == .integer(86_400))
        guard case .object(let urls)? = batch["presignedUrls"] else {
            return #expect(Bool(false))
        }
        #expect(Set(urls.keys) == ["1", "3"])
        #expect(status == 200 && again == 200)
        #expect(done["assetId"] == .string(begun.asset) && done["key"] == .string(begun.key))
        let stored = try await harness.memory.getObject(
            ObjectKey(begun.key), range: nil, ifMatch: nil, bytesMax: 1 << 30)
        #expect(stored.body.count == 2 * Self.partBytes)
        #expect(stored.body[Self.partBytes - 1] == 1 && stored.body[Self.partBytes] == 2)
    }

    @Test func `an abort removes the upload and can be repeated`() async throws {
        let begun = try await begin()
        let path = "multipart/\(begun.uploadID)"
        _ = try await put(1, of: begun)

        for _ in 0..<2 {
            let (status, json) = try await call("DELETE", path, query: ["key": begun.key])
            #expect(status == 200 && json.isEmpty)
        }

        let (status, _) = try await call("GET", path, query: ["key": begun.key])
        #expect(status == 404)
        let (completed, _) = try await call(
            "POST", "\(path)/complete", #"{"parts":[{"PartNumber":1,"ETag":"e"}]}"#,
            query: ["key": begun.key])
        #expect(completed == 409)
    }

    @Test(arguments: [
        ("GET", "params", [:], "", 400),
        ("GET", "params", ["filename": "a", "type": "text/html"], "", 400),
        ("POST", "multipart", [:], #"{"type":"video/mp4"}"#, 400),
        ("POST", "multipart", [:], "[]", 400),
        ("GET", "multipart/u", [:], "", 400),
        ("GET", "multipart/u", ["key": "exports/local/x"], "", 404),
        ("GET", "multipart/u", ["key": "uploads/other/other_1_a/x.mp4"], "", 404),
        ("GET", "multipart/u/0", ["key": "uploads/local/x"], "", 400),
        ("GET", "multipart/u/10001", ["key": "uploads/local/x"], "", 400),
        ("GET", "multipart/u/one", ["key": "uploads/local/x"], "", 400),
        ("GET", "sts", [:], "", 404), ("GET", "elsewhere", [:], "", 404),
        ("PUT", "multipart", [:], "", 405),
    ])
    func `a wrong call is answered with a problem`(
        method: String, path: String, query: [String: String], body: String, status: Int
    ) async throws {
        let (answered, problem) = try await call(method, path, body, query: query)

        #expect(answered == status)
        #expect(problem["detail"] != nil && problem["error"] != nil)
    }

    @Test(arguments: [
        #"{}"#, #"{"parts":[]}"#, #"{"parts":[{"PartNumber":0,"ETag":"e"}]}"#,
        #"{"parts":[{"PartNumber":1}]}"#, #"{"parts":7}"#,
    ])
    func `malformed parts are refused`(body: String) async throws {
        let begun = try await begin()

        let (status, problem) = try await call(
            "POST", "multipart/\(begun.uploadID)/complete", body, query: ["key": begun.key])

        #expect(status == 400)
        #expect(problem["errors"] != nil)
    }

    @Test func `an owner cannot touch another owner's upload`() async throws {
        let harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        let (_, json) = try await harness.call(
            .uppyUpload, "POST", "/api/uppy/s3/multipart",
            #"{"filename":"a.mp4","type":"video/mp4"}"#, token: "a")
        guard case .string(let key)? = json["key"], case .string(let upload)? = json["uploadId"]
        else { return #expect(Bool(false)) }
        let path = "/api/uppy/s3/multipart/\(upload)"

        for (method, path, body) in [
            ("GET", path, ""), ("GET", "\(path)/1", ""), ("DELETE", path, ""),
            ("POST", "\(path)/complete", #"{"parts":[{"PartNumber":1,"ETag":"e"}]}"#),
        ] {
            let (status, _) = try await harness.call(
                .uppyUpload, method, path, body, query: ["key": key], token: "b")
            #expect(status == 404)
        }
        let (status, _) = try await harness.call(
            .uppyUpload, "GET", path, query: ["key": key], token: "a")
        #expect(status == 200)
    }
}
