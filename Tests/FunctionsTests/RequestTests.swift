import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

@Suite struct RequestTests {
    @Test func `an upload is granted with a presigned PUT`() async throws {
        let harness = FunctionHarness()

        let (status, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"a b.mp4","contentType":"video/mp4","size":1048576}"#)

        #expect(status == 200)
        let id = "local_1700000000000_aaaaaaaaaaaaaaaaaaa1"
        #expect(
            grant == [
                "assetId": .string(id), "key": .string("uploads/local/\(id)/a b.mp4"),
                "method": "PUT", "fields": [:], "headers": ["content-type": "video/mp4"],
                "uploadUrl": .string(
                    "memory://client/put/uploads/local/\(id)/a b.mp4?type=video/mp4&length=1048576"),
                "expiresAt": "2023-11-14T23:13:20.000Z", "maxBytes": .integer(5_368_709_120),
            ])
    }

    @Test func `a large upload is granted in equal parts`() async throws {
        var harness = FunctionHarness()
        harness.uploadBytesMax = 16_106_127_360

        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mov","contentType":"video/quicktime","size":16106127360}"#)

        #expect(grant["method"] == "MULTIPART")
        #expect(grant["partSize"] == .integer(16_777_216))
        guard case .array(let parts)? = grant["parts"] else { return #expect(Bool(false)) }
        #expect(parts.count == 960)
    }

    @Test func `a form is granted on request for any size`() async throws {
        let (status, grant) = try await FunctionHarness().call(
            .initUpload, "POST", "/",
            #"{"filename":"a.mp4","contentType":"video/mp4","size":200000000,"method":"POST"}"#)

        #expect(status == 200)
        #expect(grant["method"] == "POST")
        #expect(grant["uploadUrl"] == "memory://client/")
        guard case .object(let fields)? = grant["fields"] else { return #expect(Bool(false)) }
        #expect(fields["key"] == grant["key"])
        #expect(fields["Content-Type"] == "video/mp4")
        #expect(fields["policy"] == "200000000-200000000")
    }

    @Test(arguments: [
        (#""size":5368709121,"method":"POST""#, "/size"), (#""size":5,"method":"PUT""#, "/method"),
    ])
    func `an impossible form is refused`(request: String, pointer: String) async throws {
        let (status, problem) = try await FunctionHarness().call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4",\#(request)}"#
        )

        #expect(status == 400)
        #expect("\(problem)".contains(pointer))
    }

    @Test func `every fault of a request is reported at once`() async throws {
        let (status, problem) = try await FunctionHarness().call(
            .initUpload, "POST", "/", #"{"filename":7,"contentType":"text/html","size":-1}"#)

        #expect(status == 400)
        guard case .array(let faults)? = problem["errors"] else { return #expect(Bool(false)) }
        let pointers = faults.map { fault in
            guard case .object(let fields) = fault else { return JSONValue.null }
            return fields["pointer"] ?? .null
        }
        #expect(pointers == ["/filename", "/contentType", "/size"])
    }

    @Test func `an upload whose size differs from the announced one is not usable`() async throws {
        let harness = FunctionHarness()
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4","size":5}"#)
        guard case .string(let key)? = grant["key"], case .string(let id)? = grant["assetId"]
        else { return #expect(Bool(false)) }
        try await harness.memory.putObject(
            .bytes([1, 2, 3, 4]), at: ObjectKey(key), options: PutOptions(contentType: "video/mp4"))

        let (status, problem) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)

        #expect(status == 422)
        #expect(problem["detail"] == "The upload has 4 bytes, but 5 were announced.")
    }

    @Test func `the event of an upload makes the same asset as the call`() async throws {
        let harness = FunctionHarness()
        let id = try await harness.asset()
        let record = ObjectKey("assets/local/\(id)/asset.json")
        let before = try await harness.memory.getObject(
            record, range: nil, ifMatch: nil, bytesMax: 1 << 20)

        try await harness.deliver("uploads/local/\(id)/a.mp4", to: .completeUpload)

        let after = try await harness.memory.getObject(
            record, range: nil, ifMatch: nil, bytesMax: 1 << 20)
        #expect(before == after)
    }

    @Test func `the same client token names the same job`() async throws {
        let harness = FunctionHarness()
        let edit = FunctionHarness.edit(try await harness.asset(), more: #","clientToken":"one""#)

        let first = try await harness.call(.startExport, "POST", "/", edit)
        let second = try await harness.call(.startExport, "POST", "/", edit)
        let other = try await harness.call(
            .startExport, "POST", "/", edit.replacing("\"length\":20", with: "\"length\":19"))

        #expect(first.status == 202)
        #expect(first.json == second.json)
        #expect(other.status == 409)
    }

    @Test func `an owner cannot see another owner's exports`() async throws {
        let harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        let asset = try await harness.asset(token: "a")
        let (_, started) = try await harness.call(
            .startExport, "POST", "/", FunctionHarness.edit(asset), token: "a")
        guard case .string(let job)? = started["jobId"] else { return #expect(Bool(false)) }

        let path = "/api/export/\(job)/status"
        #expect(try await harness.call(.jobStatus, "GET", path, token: "a").status == 200)
        let foreign = try await harness.call(.jobStatus, "GET", path, token: "b")
        #expect(foreign.status == 403)
        #expect(foreign.json["error"] == "Unauthorized")
        #expect(try await harness.call(.cancelExport, "DELETE", path, token: "b").status != 200)
        let theft = try await harness.call(
            .startExport, "POST", "/", FunctionHarness.edit(asset), token: "b")
        #expect(theft.status == 400)
        #expect(try await harness.call(.jobStatus, "GET", path).status == 401)
        #expect(try await harness.call(.jobStatus, "GET", path, token: "c").status == 401)
    }

    @Test(arguments: [FunctionName.initUpload, .completeUpload, .startExport])
    func `a wrong method is a 405 that names the right one`(name: FunctionName) async throws {
        let (status, problem) = try await FunctionHarness().call(name, "GET", "/")

        #expect(status == 405)
        #expect(problem["detail"] == "The method is GET; use POST.")
    }

    @Test(arguments: ["", "{", "[]", "7", "{\"a\":}"])
    func `a body that is not a JSON object is a 400`(body: String) async throws {
        for name in [FunctionName.initUpload, .completeUpload, .startExport] {
            #expect(try await FunctionHarness().call(name, "POST", "/", body).status == 400)
        }
    }

    @Test func `the list names the last week's exports, newest first`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let first = try await harness.export(asset)
        let second = try await harness.export(asset)
        let old = ExportKeys(owner: .local, job: try #require(JobID("job_1699000000000_old")))
        try await harness.memory.putDocument(["version": 1], at: old.plan)

        let (status, answer) = try await harness.call(.jobStatus, "GET", "/api/exports")

        #expect(status == 200)
        guard case .array(let entries)? = answer["exports"] else { return #expect(Bool(false)) }
        let jobs = entries.map { entry in
            guard case .object(let fields) = entry else { return JSONValue.null }
            return fields["jobId"] ?? .null
        }
        #expect(jobs == [.string(second.text), .string(first.text)])
    }
}
