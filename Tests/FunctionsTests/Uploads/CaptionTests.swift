import Captions
import Functions
import Jobs
import JSON
import MediaTime
import ObjectStore
import RenderPlans
import Testing
import TestSupport

/// Caption files: uploaded, read into the plan, and delivered.
@Suite struct CaptionTests {
    private static let subRip = "1\n00:00:00,500 --> 00:00:01,500\nHello there\n\n"

    /// Uploads a file; returns the response of complete-upload.
    private func upload(
        _ harness: FunctionHarness, _ text: String, type: String = "application/x-subrip"
    ) async throws -> (id: String, status: Int, json: [String: JSONValue]) {
        let size = text.utf8.count
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"a.srt","contentType":"\#(type)","size":\#(size)}"#)
        guard case .string(let key)? = grant["key"], case .string(let id)? = grant["assetId"]
        else { throw HarnessError(text: "\(grant)") }
        try await harness.memory.putObject(
            .bytes(Array(text.utf8)), at: ObjectKey(key), options: PutOptions(contentType: type))
        let (status, json) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)
        return (id, status, json)
    }

    private func edit(_ video: String, _ captions: String, files: String = "") -> String {
        """
        {"timeline":{"tracks":[
        {"clips":[{"asset":{"type":"caption","captions":"\(captions)"},"start":2}]},
        {"clips":[{"asset":{"type":"video","assetId":"\(video)"},"length":20}]}]},
        "output":{"size":{"width":320,"height":180},"fps":30,"chunkSeconds":10\(files)}}
        """
    }

    @Test func `an uploaded caption file is an asset of kind captions`() async throws {
        let harness = FunctionHarness()

        let (id, status, json) = try await upload(harness, Self.subRip)

        #expect(status == 200)
        guard case .object(let metadata)? = json["metadata"] else { throw HarnessError(text: "") }
        #expect(metadata["kind"] == "captions")
        #expect(metadata["format"] == "srt")
        #expect(metadata["words"] == 2)
        #expect(metadata["duration"] == 1.5)
        #expect(harness.memory.keys.allSatisfy { !$0.hasSuffix("derive.json") })
        #expect(harness.memory.keys.contains("assets/local/\(id)/asset.json"))
    }

    @Test func `a bad caption file is refused with its line`() async throws {
        let (_, status, problem) = try await upload(FunctionHarness(), "1\nnever\nHello\n")

        #expect(status == 422)
        #expect(
            problem["detail"]
                == .string(
                    "The file a.srt is not a usable caption file: line 2: has no times separated"
                        + " by -->."))
    }

    @Test func `a caption file above the limit is refused`() async throws {
        let (status, problem) = try await FunctionHarness().call(
            .initUpload, "POST", "/",
            #"{"filename":"a.vtt","contentType":"text/vtt","size":9000000}"#)

        #expect(status == 400)
        #expect(problem["detail"] == "/size must be from 1 to 8388608, not 9000000")
    }

    @Test func `the words of the file are in the plan, and caption files are written`() async throws
    {
        let harness = FunctionHarness()
        let captions = try await upload(harness, Self.subRip).id
        let body = edit(
            try await harness.asset(), captions, files: #","captions":["srt","vtt","ass"]"#)
        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }

        try await harness.run(job)

        let plan = try #require(
            try await harness.memory.document(RenderPlan.self, at: harness.keys(job).plan))
        let script = try #require(plan.layers.last?.scripts.first)
        #expect(script.frames == FrameRange(60, 105))
        let subRip = try await harness.memory.getObject(
            harness.keys(job).captions(.srt), range: nil, ifMatch: nil, bytesMax: 1_000)
        #expect(
            String(decoding: subRip.body, as: UTF8.self)
                == "1\n00:00:02,500 --> 00:00:03,500\nHello there\n\n")
        let document = try await harness.call(.jobStatus, "GET", "/api/export/\(job)/status").json
        guard case .object(let urls)? = document["captionUrls"] else {
            throw HarnessError(text: "\(document)")
        }
        #expect(urls.keys.sorted() == ["ass", "srt", "vtt"])
    }

    @Test func `a video and a caption file are not interchangeable`() async throws {
        let harness = FunctionHarness()
        let (video, captions) = (
            try await harness.asset(), try await upload(harness, Self.subRip).id
        )

        let (status, problem) = try await harness.call(
            .startExport, "POST", "/", edit(captions, video))

        #expect(status == 400)
        guard case .array(let errors)? = problem["errors"] else { throw HarnessError(text: "") }
        #expect(
            errors == [
                [
                    "pointer": "/timeline/tracks/0/clips/0/asset/captions",
                    "detail": .string("\"\(video)\" is not a caption file"),
                ],
                [
                    "pointer": "/timeline/tracks/1/clips/0/asset/assetId",
                    "detail": .string("\"\(captions)\" is a caption file"),
                ],
            ])
    }
}
