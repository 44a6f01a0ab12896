@testable import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Requests that are not a plain timeline: variations and OpenTimelineIO.
@Suite struct RequestShapeTests {
    private func jobs(_ answer: [String: JSONValue]) throws -> [[String: JSONValue]] {
        guard case .array(let jobs)? = answer["jobs"] else { throw HarnessError(text: "\(answer)") }
        return jobs.compactMap { if case .object(let fields) = $0 { fields } else { nil } }
    }

    @Test func `variations are separate exports, the same for the same token`() async throws {
        let harness = FunctionHarness()
        let (one, two) = (try await harness.asset(), try await harness.asset())
        let body =
            #"{"variations":{"assets":["\#(one)","\#(two)"],"count":2},"clientToken":"t"}"#

        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        let (_, again) = try await harness.call(.startExport, "POST", "/", body)

        #expect(status == 202)
        #expect(again == answer)
        let started = try jobs(answer)
        #expect(started.map { $0["assetId"] } == [one, one, two, two].map { .string($0) })
        #expect(started.map { $0["variation"] } == [1, 2, 1, 2])
        #expect(Set(started.map { $0["jobId"] }).count == 4)
        #expect(Set(started.map { $0["effects"] }).count == 4)
        // Variations of one video are rendered together.
        #expect(
            started.map { $0["renderedWith"] }
                == [nil, started[0]["jobId"], nil, started[2]["jobId"]])
        let all = try await harness.severalExports(body)
        try await harness.settle(all)
        for job in all { #expect(try await harness.result(job)?.outcome == .completed) }
        #expect(Set(harness.renderer.calls.together) == [2])
        let job = all[3]
        // The drawn numbers are stored with the job.
        let edit = try #require(
            try await harness.memory.document(JSONValue.self, at: harness.keys(job).edit))
        guard case .object(let fields) = edit, case .object(let kept)? = fields["variation"],
            case .object(let effects)? = started[3]["effects"]
        else { return #expect(Bool(false)) }
        #expect(kept["brightness"] == effects["brightness"])
    }

    @Test func `a fault in one variation starts no export`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, problem) = try await harness.call(
            .startExport, "POST", "/",
            #"{"variations":{"assets":["\#(asset)","local_1_x"],"count":2}}"#)

        #expect(status == 400)
        guard case .array(let faults)? = problem["errors"], case .object(let fault)? = faults.first
        else { return #expect(Bool(false)) }
        #expect(fault["pointer"] == "/variations/assets/1")
        #expect(!harness.memory.keys.contains { $0.hasPrefix("exports/") })
    }

    @Test func `the response lists the dropped parts of an OpenTimelineIO document`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let time = #"{"OTIO_SCHEMA":"RationalTime.1","value":48,"rate":24}"#
        let zero = #"{"OTIO_SCHEMA":"RationalTime.1","value":0,"rate":24}"#
        let body = """
            {"media":{"file:///a.mov":"\(asset)"},
             "otio":{"OTIO_SCHEMA":"Timeline.1","tracks":{"OTIO_SCHEMA":"Stack.1","children":[
              {"OTIO_SCHEMA":"Track.1","kind":"Video","children":[{"OTIO_SCHEMA":"Clip.1",
               "markers":[{}],"source_range":{"start_time":\(zero),"duration":\(time)},
               "media_reference":{"OTIO_SCHEMA":"ExternalReference.1",
                "target_url":"file:///a.mov"}}]}]}}}
            """

        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)

        #expect(status == 202)
        #expect(
            answer["dropped"] == [
                [
                    "pointer": "/otio/tracks/children/0/children/0/markers",
                    "detail": "is ignored: the array has 1 element",
                ]
            ])
    }
}
