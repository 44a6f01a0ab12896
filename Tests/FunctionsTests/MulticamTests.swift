import FoundationEssentials
import Functions
import Jobs
import JSON
import MediaTime
import ObjectStore
import RenderPlans
import Testing
import TestSupport

/// Exports of a multicam config, and plans that were damaged after they were stored.
@Suite struct MulticamTests {
    private static func config(_ source: String, more: String = "") -> String {
        """
        {"sources":[{"id":"a",\(source)}],"switches":[{"at":0,"source":"a"}],"length":2,
        "output":{"size":{"width":320,"height":180},"fps":30}\(more)}
        """
    }

    @Test func `a multicam config is answered in OpenCut's words`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, answer) = try await harness.call(
            .startExport, "POST", "/", Self.config(#""assetId":"\#(asset)""#))

        #expect(status == 202)
        #expect(answer["status"] == "pending")
        let job = try #require(answer["jobId"]?.text.flatMap(JobID.init))
        let pointer = try #require(
            try await harness.memory.document(JobPointer.self, at: ExportKeys.pointer(job)))
        #expect(pointer.dialect == .opencut)
    }

    @Test func `a source is named by the key of its upload`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, answer) = try await harness.call(
            .startExport, "POST", "/", Self.config(#""key":"uploads/local/\#(asset)/a.mp4""#))

        #expect(status == 202, "\(answer)")
    }

    @Test(arguments: ["uploads/other/x/a.mp4", "exports/local/x/output.mp4"])
    func `a key of another owner is refused`(key: String) async throws {
        let (status, answer) = try await FunctionHarness().call(
            .startExport, "POST", "/", Self.config(#""key":"\#(key)""#))

        #expect(status == 400)
        #expect(
            answer["errors"] == [
                [
                    "pointer": "/sources/0/key",
                    "detail": "is not the key of one of your uploads",
                ]
            ])
    }

    @Test func `a path is refused where there is no shared volume`() async throws {
        let (status, answer) = try await FunctionHarness().call(
            .startExport, "POST", "/", Self.config(#""path":"takes/a.mp4""#))

        #expect(status == 400)
        #expect(
            answer["errors"] == [
                [
                    "pointer": "/sources/0/path",
                    "detail": "names a file, which only a server with MEDIA_BASE_PATH accepts",
                ]
            ])
    }

    // MARK: Damaged plans

    private func failure(ofPlan change: (inout RenderPlan) -> Void) async throws -> String? {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let keys = harness.keys(job)
        var plan = try #require(try await harness.memory.document(RenderPlan.self, at: keys.plan))
        change(&plan)
        try await harness.memory.putDocument(plan, at: keys.plan)
        try await harness.deliverAgain(
            keys.request(.video(FrameRange(0, 300))).text, to: .renderChunk)
        return try await harness.result(job)?.error
    }

    @Test func `a plan that does not decode fails the export`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let keys = harness.keys(job)
        let whole = try await harness.memory.getObject(
            keys.plan, range: nil, ifMatch: nil, bytesMax: 1 << 20
        ).body
        try await harness.memory.putObject(
            .bytes(Array(whole.dropLast(whole.count / 2))), at: keys.plan, options: PutOptions())

        try await harness.deliverAgain(
            keys.request(.video(FrameRange(0, 300))).text, to: .renderChunk)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .failed)
        #expect(result.error == "The stored plan is damaged: it cannot be decoded.")
    }

    @Test func `a plan that shows a missing source fails the export`() async throws {
        let error = try await failure { $0.sources = [] }
        #expect(error == "The stored plan is damaged: layer 0 shows source 0 of 0.")
    }

    @Test func `a plan whose chunks leave a gap fails the export`() async throws {
        let error = try await failure { $0.chunks = [FrameRange(0, 300), FrameRange(301, 600)] }
        #expect(error == "The stored plan is damaged: its chunks do not cover its frames exactly.")
    }

    @Test func `a plan with an impossible time fails the export`() async throws {
        let error = try await failure {
            $0.layers[0].placements[0].sourceStart = Rational(Int.max, 3)
        }
        #expect(
            error
                == "The stored plan is damaged: layer 0 has a picture without a size or a time.")
    }
}
