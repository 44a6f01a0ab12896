import FFmpeg
import Foundation
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport

@testable import Functions

/// Requests of `POST /api/jobs` that are refused, and the ways to send one.
@Suite struct BatchRequestTests {
    private let harness = FunctionHarness()

    /// Pointers and details of a problem's faults.
    private func faults(_ json: [String: JSONValue]) -> [String] {
        guard case .array(let errors)? = json["errors"] else { return [] }
        return errors.compactMap {
            guard case .object(let fault) = $0, case .string(let pointer)? = fault["pointer"],
                case .string(let detail)? = fault["detail"]
            else { return nil }
            return "\(pointer) \(detail)"
        }
    }

    @Test func `a grant has a key for each of ten files`() async throws {
        let (status, grant) = try await harness.call(
            .createBatch, "POST", "/api/jobs", headers: ["x-spool-body": "pending"])

        #expect(status == 200)
        guard case .array(let keys)? = grant["keys"] else { throw HarnessError(text: "") }
        #expect(Set(keys.map { "\($0)" }).count == 10)
        #expect(grant["fileBytesMax"] == 1_000)
        #expect(grant["fileCountMax"] == 10)
        #expect(grant["contentTypes"] == ["video/*"])
    }

    @Test func `every refused file and wrong field is named, and nothing stays`() async throws {
        let (status, json) = try await harness.form(
            ["a.mp4"], fields: #"{"variations":"51","priority":"soon"}"#,
            refused: #"[{"filename":"k.mp4","reason":"tooMany"},"#
                + #"{"filename":"notes.txt","reason":"contentType"},"#
                + #"{"filename":"e.mp4","reason":"empty"}]"#)

        #expect(status == 400)
        #expect(
            faults(json)
                == [
                    #"/files "k.mp4" is one file too many: at most 10"#,
                    #"/files "notes.txt" is not a video"#, #"/files "e.mp4" is empty"#,
                    "/variations must be a number from 1 to 50",
                    "/priority must be one of interactive, normal, background",
                ])
        #expect(harness.memory.keys == [])
    }

    @Test func `a file above the limit is 413`() async throws {
        let refused = try await harness.form(
            [], refused: #"[{"filename":"big.mp4","reason":"tooLarge"}]"#)
        #expect(refused.status == 413)
        #expect(faults(refused.json) == [#"/files "big.mp4" has more than 1000 bytes"#])

        // A platform that did not count is not believed.
        let stored = try await harness.form(["big.mp4"], bytes: 1_001)
        #expect(stored.status == 413)
        #expect(harness.memory.keys == [])
    }

    @Test func `a file that is not media is not a video`() async throws {
        let broken = harness.with(
            FakeRenderer(failure: FFmpegError(.notMedia, "It is a novel.")))

        let (status, json) = try await broken.form(["novel.mp4"])

        #expect(status == 400)
        #expect(faults(json).first?.hasPrefix(#"/files/0 "novel.mp4" is not a video"#) == true)
        #expect(broken.memory.keys == [])
    }

    @Test func `a form cannot name another owner's upload`() async throws {
        let (status, json) = try await harness.call(
            .createBatch, "POST", "/api/jobs",
            #"{"fields":{"variations":"1"},"files":[{"filename":"a.mp4","#
                + #""contentType":"video/mp4","key":"uploads/ann/x/a.mp4"}],"refused":[]}"#,
            headers: FunctionHarness.stored)

        #expect(status == 400)
        #expect(faults(json) == [#"/files/0 "a.mp4" is not stored"#])
    }

    @Test func `a form that was not streamed is answered with the presigned steps`() async throws {
        let (status, json) = try await harness.call(
            .createBatch, "POST", "/api/jobs", "--b--",
            headers: ["content-type": "multipart/form-data; boundary=b"])

        #expect(status == 415)
        guard case .array(let steps)? = json["steps"] else { throw HarnessError(text: "\(json)") }
        #expect(steps.count == 3)
    }

    @Test func `uploaded assets make a batch, and stay unless the request gives them up`()
        async throws
    {
        let asset = try await harness.asset()
        for gives in [false, true] {
            let (status, answer) = try await harness.call(
                .createBatch, "POST", "/api/jobs",
                #"{"assets":["\#(asset)"],"variations":3,"delete_uploads":\#(gives)}"#)
            #expect(status == 201)
            #expect(answer["total_outputs"] == 3)
            guard case .string(let id)? = answer["job_id"], let batch = BatchID(id) else {
                throw HarnessError(text: "\(answer)")
            }
            let keys = BatchKeys(owner: .local, batch: batch)
            #expect(try await harness.record(keys).files.map(\.isUpload) == [gives])
        }
    }

    @Test func `wrong JSON names every field`() async throws {
        let unknown = try await harness.call(
            .createBatch, "POST", "/api/jobs", #"{"assets":["none"],"variations":1}"#)
        #expect(faults(unknown.json) == ["/assets/0 is not one of your assets"])

        let wrong = try await harness.call(
            .createBatch, "POST", "/api/jobs", #"{"assets":[],"variations":0}"#)
        #expect(wrong.status == 400)
        #expect(faults(wrong.json).count == 2)
    }
}
