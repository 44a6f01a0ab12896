import FFmpeg
import Functions
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport

/// Several outputs of one edit: separate exports that are rendered together.
@Suite struct OutputsTests {
    /// 20 s in two chunks, large and small, and the audio alone.
    private func body(_ asset: String, _ outputs: String, more: String = "") -> String {
        """
        {"timeline":{"tracks":[{"clips":[
        {"asset":{"type":"video","assetId":"\(asset)"},"start":0,"length":20}]}]},
        "output":{"fps":30,"chunkSeconds":10},"outputs":[\(outputs)]\(more)}
        """
    }
    private let two = #"{"size":{"width":320,"height":180}},{"size":{"width":64,"height":36}}"#
    private var three: String { two + #",{"format":"wav"}"# }

    @Test func `outputs are exports whose chunks are rendered in one run`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, answer) = try await harness.call(
            .startExport, "POST", "/", body(asset, three, more: #","clientToken":"t""#))
        #expect(status == 202)
        let jobs = try await harness.severalExports(
            body(asset, three, more: #","clientToken":"t""#))
        guard case .array(let started)? = answer["jobs"] else { return #expect(Bool(false)) }
        let ids = jobs.map { JSONValue.string($0.text) }
        #expect(
            started == [
                ["jobId": ids[0], "output": 0, "format": "mp4"],
                ["jobId": ids[1], "output": 1, "format": "mp4", "renderedWith": ids[0]],
                ["jobId": ids[2], "output": 2, "format": "wav"],
            ])
        #expect(answer["jobId"] == ids[0])
        try await harness.settle(jobs)

        for job in jobs { #expect(try await harness.result(job)?.outcome == .completed) }
        #expect(harness.renderer.calls.together == [2, 2])
        #expect(harness.renderer.calls.chunks == [])
        // The audio of both video outputs is the same; WAV is another encoding.
        #expect(harness.renderer.calls.audioPlacements == 2)
        #expect(try await harness.result(jobs[0])?.usage?.renderedFrames == 600)
        #expect(try await harness.result(jobs[1])?.usage?.cachedChunks == 2)
        // A shared render does not show the cost of one output.
        #expect(try await harness.result(jobs[0])?.usage?.times?.renderedPixels == 0)
    }

    @Test func `a waiting output shows its frames and the progress of the run`() async throws {
        let rendering = FunctionHarness(
            renderer: FakeRenderer(duringChunk: {
                try await Task.sleep(for: .seconds(3_600))
            }))
        let jobs = try await rendering.severalExports(
            body(try await rendering.asset(), three))
        func status() async throws -> [String: JSONValue] {
            try await rendering.call(.jobStatus, "GET", "/api/export/\(jobs[1])/status").json
        }
        #expect(try await status()["state"] == "queued")
        #expect(try await status()["frames"] == ["done": 0, "total": 600])

        let request = rendering.keys(jobs[0]).request(FunctionHarness.units[0]).text
        let run = Task { try await rendering.deliver(request, to: .renderChunk) }
        while try await status()["state"] == "queued" { await Task.yield() }
        run.cancel()
        _ = await run.result
        #expect(try await status()["state"] == "rendering")
    }

    @Test func `a cancelled output is not rendered, leader or not`() async throws {
        for cancelled in 0...1 {
            let harness = FunctionHarness()
            let jobs = try await harness.severalExports(body(try await harness.asset(), three))
            _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(jobs[cancelled])")

            try await harness.settle(jobs)

            for (index, job) in jobs.enumerated() {
                #expect(
                    try await harness.result(job)?.outcome
                        == (index == cancelled ? .cancelled : .completed))
            }
            #expect(harness.renderer.calls.together == [])
            #expect(harness.renderer.calls.chunks.count == 2)
        }
    }

    @Test func `outputs are rendered alone after a failed shared render`() async throws {
        let harness = FunctionHarness(
            renderer: FakeRenderer(failureTogether: FFmpegError(.failed, "FFmpeg stumbled.")))
        let jobs = try await harness.severalExports(body(try await harness.asset(), three))

        try await harness.settle(jobs)

        for job in jobs { #expect(try await harness.result(job)?.outcome == .completed) }
        #expect(harness.renderer.calls.chunks.count == 4)
    }

    @Test func `a failed output does not decide the result of the others`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let jobs = try await harness.severalExports(body(asset, three))
        for key in harness.memory.keys where key.hasPrefix("uploads/") {
            try await harness.memory.deleteObject(ObjectKey(key))
        }

        try await harness.settle(jobs)

        for job in jobs {
            let result = try #require(try await harness.result(job))
            #expect(result.error == "The file of asset \(asset) no longer exists.")
        }
    }

    @Test func `cached outputs are not rendered again, the others are`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let large = #"{"size":{"width":320,"height":180}}"#
        let (first, second) = (
            #"{"size":{"width":64,"height":36}}"#, #"{"size":{"width":32,"height":18}}"#
        )
        try await harness.settle(try await harness.severalExports(body(asset, large)))
        #expect(harness.renderer.calls.chunks.count == 2)

        let jobs = try await harness.severalExports(body(asset, "\(large),\(first),\(second)"))
        try await harness.settle(jobs)

        for job in jobs { #expect(try await harness.result(job)?.outcome == .completed) }
        #expect(harness.renderer.calls.chunks.count == 2)
        #expect(harness.renderer.calls.together == [2, 2])
    }

    @Test func `an error in another output's picture fails only that output`()
        async throws
    {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let large = #"{"size":{"width":320,"height":180}}"#
        try await harness.settle(try await harness.severalExports(body(asset, large)))
        let jobs = try await harness.severalExports(
            body(asset, #"\#(large),{"size":{"width":64,"height":36}}"#))
        let failing = harness.with(FakeRenderer(failure: FFmpegError(.failed, "FFmpeg stumbled.")))

        // The large one is in the cache and is not delayed by the small one.
        for unit in FunctionHarness.units {
            try await failing.deliver(harness.keys(jobs[0]).request(unit).text, to: .renderChunk)
        }
        try await harness.settle(jobs)

        for job in jobs { #expect(try await harness.result(job)?.outcome == .completed) }
        #expect(try await harness.result(jobs[0])?.usage?.cachedChunks == 2)
        #expect(harness.renderer.calls.chunks.count == 4)
    }

    @Test func `a waiting export waits for the halves of a split range`() async throws {
        let harness = FunctionHarness(
            renderer: FakeRenderer(duringChunk: {
                try await Task.sleep(for: .seconds(3_600))
            }))
        let jobs = try await harness.severalExports(body(try await harness.asset(), three))
        let late = InvocationContext(
            requestID: "request-1", functionName: "test", invokedFunctionARN: "arn", traceID: nil,
            deadline: 1_700_000_000_000, logger: FunctionHarness.context.logger)
        _ = try await Registry.handler(.renderChunk, harness.services())(
            Array(
                FunctionHarness.event(harness.keys(jobs[0]).request(FunctionHarness.units[0]).text)
                    .utf8), late)

        let (_, status) = try await harness.call(
            .jobStatus, "GET", "/api/export/\(jobs[1])/status")
        guard case .array(let chunks)? = status["chunks"] else { return #expect(Bool(false)) }
        #expect(chunks.count == 3)
        let calm = harness.with(FakeRenderer())
        try await calm.settle(jobs)
        for job in jobs { #expect(try await harness.result(job)?.outcome == .completed) }
    }

    @Test func `several exports end correctly after a failure of any store call`()
        async throws
    {
        for takesEffect in [false, true] {
            for number in 1... {
                let harness = FunctionHarness()
                let jobs = try await harness.severalExports(body(try await harness.asset(), two))
                let faulty = FaultyBucket(harness.memory, failing: number, takesEffect: takesEffect)
                var isUntouched = false
                for _ in 1...3 {
                    do {
                        try await harness.settle(jobs, bucket: faulty)
                        isUntouched = faulty.callCount < number
                        break
                    } catch {}
                }
                for job in jobs {
                    #expect(
                        try await harness.result(job)?.outcome == .completed,
                        "call \(number), effect \(takesEffect)")
                }
                if isUntouched { break }
                try #require(number < 500)
            }
        }
    }

    @Test(arguments: [
        (#"{"crf":99}"#, "/outputs/0/crf", "must be from 0 to 51"),
        (#"{"format":"mp3","at":1}"#, "/outputs/0/at", ""), ("7", "/outputs/0", ""),
        (#"{"codec":"prores","hls":true}"#, "/outputs/0/hls", ""),
    ])
    func `a fault points to the caller's field`(
        output: String, pointer: String, detail: String
    ) async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()

        let (status, problem) = try await harness.call(
            .startExport, "POST", "/", body(asset, output))

        #expect(status == 400)
        guard case .array(let faults)? = problem["errors"], case .object(let fault)? = faults.first
        else { return #expect(Bool(false), "\(problem)") }
        #expect(fault["pointer"] == .string(pointer), "\(problem)")
        #expect(faults.count == 1)
        #expect(!harness.memory.keys.contains { $0.hasPrefix("exports/") })
    }

    @Test func `an estimate of several exports is their sum`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        func frames(_ outputs: String) async throws -> JSONValue? {
            try await harness.call(
                .startExport, "POST", "/api/export/estimate", body(asset, outputs)
            ).json["frames"]
        }

        #expect(try await frames(three) == 1_200)
        #expect(try await frames(#"{"format":"wav"}"#) == 0)
    }
}
