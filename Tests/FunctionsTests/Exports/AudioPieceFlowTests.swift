import Functions
import Jobs
import JSON
import LambdaRuntime
import MediaTime
import ObjectStore
import Testing
import TestSupport

/// Audio in pieces, from the request to the joined file.
@Suite struct AudioPieceFlowTests {
    private let pieces = [
        AudioFrameRange(0, 3_072), AudioFrameRange(3_072, 6_144), AudioFrameRange(6_144, 9_216),
        AudioFrameRange(9_216, 12_288), AudioFrameRange(12_288, 14_064),
    ]

    /// Five minutes of audio on many instances.
    private func export(_ harness: FunctionHarness) async throws -> JobID {
        let asset = try await harness.asset()
        let clips = (0..<15).map { _ in
            #"{"asset":{"type":"audio","assetId":"\#(asset)"},"length":20}"#
        }
        let body = """
            {"timeline":{"tracks":[{"clips":[\(clips.joined(separator: ","))]}]},
            "output":{"format":"m4a"}}
            """
        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }
        return job
    }

    @Test func `audio pieces are requested, rendered and joined in order`() async throws {
        let harness = FunctionHarness(concurrency: 8)
        let job = try await export(harness)
        let keys = harness.keys(job)
        let asked = harness.memory.keys.filter { $0.hasPrefix(keys.prefix + "requests/") }
        #expect(asked == pieces.map { keys.request(.audioPiece($0)).text })

        try await harness.settle([job])

        #expect(harness.renderer.calls.audioPlacements == 5)
        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .completed)
        #expect(result.output?.samples == 14_400_000)
        #expect(result.usage?.times?.audioMilliseconds != nil)
        // The fake's joined file is the list of the joined pieces.
        let output = try await harness.memory.getObject(
            keys.output(fileExtension: "m4a"), range: nil, ifMatch: nil, bytesMax: 10_000)
        var joined: [String] = []
        for line in String(decoding: output.body, as: UTF8.self).split(separator: "\n") {
            let key = line.split(separator: "/").suffix(3).joined(separator: "/")
            let stored = try await harness.memory.getObject(
                ObjectKey(key), range: nil, ifMatch: nil, bytesMax: 100)
            joined.append(String(decoding: stored.body, as: UTF8.self))
        }
        #expect(joined == pieces.map { "audio \($0.start)-\($0.end)" })
    }

    @Test func `the same export again finds its pieces`() async throws {
        let harness = FunctionHarness(concurrency: 8)
        try await harness.settle([try await export(harness)])
        let again = try await export(harness)
        // The other asset has the same content.
        try await harness.settle([again])

        #expect(harness.renderer.calls.audioPlacements == 5)
        #expect(try await harness.result(again)?.outcome == .completed)
    }

    @Test func `a piece that runs out of time is split into halves`() async throws {
        let harness = FunctionHarness(
            renderer: FakeRenderer(duringChunk: { try await Task.sleep(for: .seconds(3_600)) }),
            concurrency: 8)
        let job = try await export(harness)
        let keys = harness.keys(job)
        let late = InvocationContext(
            requestID: "request-1", functionName: "test", invokedFunctionARN: "arn", traceID: nil,
            deadline: 1_700_000_000_000, logger: FunctionHarness.context.logger)

        _ = try await Registry.handler(.renderChunk, harness.services())(
            Array(FunctionHarness.event(keys.request(.audioPiece(pieces[1])).text).utf8), late)

        for half in [AudioFrameRange(3_072, 4_608), AudioFrameRange(4_608, 6_144)] {
            #expect(try await harness.memory.objectExists(keys.request(.audioPiece(half))))
        }
        let calm = harness.with(FakeRenderer())
        let request = keys.request(.audioPiece(pieces[1])).text
        for key in harness.memory.keys
        where key.hasPrefix(keys.prefix + "requests/") && key != request {
            try await calm.deliver(key, to: .renderChunk)
        }
        try await calm.deliver(keys.stitchRequest.text, to: .stitchExport)
        #expect(calm.renderer.calls.audioPlacements == 6)
        #expect(try await harness.result(job)?.outcome == .completed)
    }

    @Test func `an export ends correctly after a failure of any store call`()
        async throws
    {
        for takesEffect in [false, true] {
            for number in 1... {
                let harness = FunctionHarness(concurrency: 8)
                let job = try await export(harness)
                let faulty = FaultyBucket(harness.memory, failing: number, takesEffect: takesEffect)
                var isUntouched = false
                for _ in 1...3 {
                    do {
                        try await harness.settle([job], bucket: faulty)
                        isUntouched = faulty.callCount < number
                        break
                    } catch {}
                }
                #expect(
                    try await harness.result(job)?.outcome == .completed,
                    "call \(number), effect \(takesEffect)")
                if isUntouched { break }
                try #require(number < 500)
            }
        }
    }
}
