import Functions
import Jobs
import JSON
import ObjectStore
import RenderPlans
import Testing
import TestSupport

/// The choice of a hardware encoder by start-export.
@Suite struct EncoderTests {
    private func start(
        _ output: String, encoders: Set<String> = []
    ) async throws -> (status: Int, json: [String: JSONValue], plan: RenderPlan?) {
        let harness = FunctionHarness(renderer: FakeRenderer(encoders: encoders))
        let asset = try await harness.asset()
        let (status, answer) = try await harness.call(
            .startExport, "POST", "/",
            """
            {"timeline":{"tracks":[{"clips":[{"asset":{"type":"video","assetId":"\(asset)"},
            "length":2}]}]},"output":{\(output)}}
            """)
        guard let job = answer["jobId"]?.text.flatMap(JobID.init) else {
            return (status, answer, nil)
        }
        let plan = try await harness.memory.document(
            RenderPlan.self, at: harness.keys(job).plan)
        return (status, answer, plan)
    }

    @Test func `an encoder that the machine has is in the plan`() async throws {
        let (status, answer, plan) = try await start(
            #""encoder":"nvenc""#, encoders: ["nvenc"])

        #expect(status == 202, "\(answer)")
        #expect(plan?.output.video.encoder == .nvenc)
    }

    @Test(arguments: RenderPlan.VideoEncoding.Encoder.hardware)
    func `an encoder that the machine lacks is refused`(
        encoder: RenderPlan.VideoEncoding.Encoder
    ) async throws {
        let (status, answer, _) = try await start(#""encoder":"\#(encoder.rawValue)""#)

        #expect(status == 400)
        #expect(
            answer["errors"] == [
                [
                    "pointer": "/output/encoder",
                    "detail": .string(
                        "\"\(encoder.rawValue)\" is not available: FFmpeg or the machine that"
                            + " renders has no such encoder"),
                ]
            ])
    }

    @Test func `auto is software without hardware and the first encoder with it`() async throws {
        let without = try await start(#""encoder":"auto""#).plan
        let with = try await start(#""encoder":"auto""#, encoders: ["vaapi", "qsv"]).plan

        #expect(without?.output.video.encoder == nil)
        #expect(with?.output.video.encoder == .qsv)
    }

    @Test func `software is no encoder in the plan`() async throws {
        let plan = try await start(#""encoder":"software""#).plan

        #expect(plan?.output.video.encoder == nil)
    }

    @Test(arguments: [
        (#""encoder":"nvenc","format":"webm""#, "\"nvenc\" cannot be combined with vp9"),
        (#""encoder":"vaapi","smartCut":true"#, "\"vaapi\" cannot be combined with smartCut"),
        (#""encoder":"qsv","maxBitrate":900"#, "\"qsv\" cannot be combined with maxBitrate"),
    ])
    func `an encoder that cannot do it is refused`(output: String, detail: String) async throws {
        let (status, answer, _) = try await start(output, encoders: ["nvenc", "vaapi", "qsv"])

        #expect(status == 400)
        #expect(
            answer["errors"] == [["pointer": "/output/encoder", "detail": .string(detail)]])
    }
}
