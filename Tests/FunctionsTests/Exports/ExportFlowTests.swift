import FFmpeg
@testable import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

@Suite struct ExportFlowTests {
    @Test func `an edit becomes a plan, requests, receipts and one result`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())

        try await harness.run(job)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .completed)
        #expect(result.output?.frames == 600)
        // CostRecordTests check the bill.
        var usage = try #require(result.usage)
        (usage.resources, usage.cost, usage.times) = (nil, nil, nil)
        #expect(
            usage
                == .init(
                    chunks: 2, cachedChunks: 0, renderedFrames: 600, cpuMilliseconds: 4))
        let below = harness.keys(job).prefix
        #expect(
            harness.memory.keys.filter { $0.hasPrefix(below) }
                == [
                    "edit.json", "output.mp4", "plan.json", "progress/00000000-00000300",
                    "progress/00000300-00000600", "progress/audio",
                    "receipts/00000000-00000300.json", "receipts/00000300-00000600.json",
                    "receipts/audio.json", "requests/00000000-00000300.chunk.json",
                    "requests/00000300-00000600.chunk.json", "requests/all.stitch.json",
                    "requests/audio.chunk.json", "result.json",
                ].map { below + $0 })
        #expect(try await !harness.memory.objectExists(harness.keys(job).active))
    }

    @Test func `the status follows from the objects`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        func status() async throws -> [String: JSONValue] {
            try await harness.call(.jobStatus, "GET", "/api/export/\(job)/status").json
        }

        #expect(try await status()["state"] == "queued")
        try await harness.deliver(
            harness.keys(job).request(FunctionHarness.units[0]).text, to: .renderChunk)
        #expect(try await status()["state"] == "rendering")
        #expect(try await status()["frames"] == ["done": 300, "total": 600])
        try await harness.run(job)
        let done = try await status()
        #expect(done["state"] == "completed")
        #expect(done["progress"] == 100)
        #expect(
            done["downloadUrl"]
                == .string("memory://client/get/exports/local/\(job)/output.mp4"))
    }

    /// An export of one clip with other output settings.
    private func export(_ harness: FunctionHarness, _ output: String) async throws -> JobID {
        let body = FunctionHarness.edit(try await harness.asset())
            .replacing(#""output":{"#, with: #""output":{\#(output),"#)
        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }
        return job
    }

    @Test(arguments: [
        ("webm", "video/webm", 600, 960_000), ("gif", "image/gif", 600, 0),
        ("m4a", "audio/mp4", 0, 960_000), ("png", "image/png", 1, 0),
    ])
    func `an output has the name, type and units of its format`(
        format: String, contentType: String, frames: Int, samples: Int
    ) async throws {
        let renderer = FakeRenderer(encoders: ["libvpx-vp9", "libopus", "gif", "png"])
        let harness = FunctionHarness(renderer: renderer)
        let job = try await export(harness, #""format":"\#(format)""#)
        let requests = harness.memory.keys
            .filter { $0.hasPrefix(harness.keys(job).prefix) && $0.hasSuffix(".chunk.json") }

        for key in requests { try await harness.deliver(key, to: .renderChunk) }
        try await harness.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)

        let output = try #require(try await harness.result(job)?.output)
        #expect(output.key == "\(harness.keys(job).prefix)output.\(format)")
        #expect(output.contentType == contentType)
        #expect(output.frames == frames)
        #expect(output.samples == samples)
        #expect(requests.contains { $0.hasSuffix("audio.chunk.json") } == (samples > 0))
        #expect(renderer.calls.chunks.isEmpty == (frames == 0))
        let status = try await harness.call(.jobStatus, "GET", "/api/export/\(job)/status").json
        #expect(status["state"] == "completed")
        #expect(status["contentType"] == .string(contentType))
        #expect(status["audio"] == .string(samples > 0 ? "done" : "none"))
    }

    @Test func `a codec that FFmpeg lacks is refused at the start`() async throws {
        let harness = FunctionHarness()
        let body = FunctionHarness.edit(try await harness.asset())
            .replacing(#""output":{"#, with: #""output":{"codec":"av1","#)

        let (status, problem) = try await harness.call(.startExport, "POST", "/", body)

        #expect(status == 400)
        #expect(
            problem["errors"] == [
                [
                    "pointer": "/output/format",
                    "detail": "requires libsvtav1, which this FFmpeg does not have",
                ]
            ])
    }

    @Test func `duplicate and late events render nothing again`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)
        let calls = harness.renderer.calls
        let before = try await harness.result(job)

        try await harness.run(job)

        #expect(harness.renderer.calls == calls)
        #expect(try await harness.result(job) == before)
    }

    @Test func `requests delivered at the same time end in one result`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())

        try await withThrowingTaskGroup(of: Void.self) { group in
            for unit in FunctionHarness.units + FunctionHarness.units {
                let key = harness.keys(job).request(unit).text
                group.addTask { try await harness.deliver(key, to: .renderChunk) }
            }
            try await group.waitForAll()
        }
        try await harness.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)

        #expect(try await harness.result(job)?.outcome == .completed)
        #expect(harness.renderer.calls.stitches == 1)
    }

    @Test func `the same edit again is found in the cache`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        try await harness.run(try await harness.export(asset))
        let second = try await harness.export(asset)

        try await harness.run(second)

        #expect(harness.renderer.calls.chunks.count == 2)
        #expect(try await harness.result(second)?.usage?.cachedChunks == 2)
    }

    @Test func `a chunk that left the cache is rendered again before the stitch`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        for unit in FunctionHarness.units {
            try await harness.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }
        let receipt = try #require(
            try await harness.memory.document(
                RenderReceipt.self, at: harness.keys(job).receipt(FunctionHarness.units[1])))
        try await harness.memory.deleteObject(ObjectKey(receipt.key))

        try await harness.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)
        #expect(try await harness.result(job) == nil)
        try await harness.run(job)

        #expect(try await harness.result(job)?.outcome == .completed)
        #expect(harness.renderer.calls.chunks.count == 3)
    }

    @Test func `a cancelled export stays cancelled and has no output`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())

        let (status, answer) = try await harness.call(
            .cancelExport, "DELETE", "/api/export/\(job)")
        try await harness.run(job)

        #expect(status == 200)
        #expect(answer["state"] == "cancelled")
        #expect(try await harness.result(job)?.outcome == .cancelled)
        #expect(harness.renderer.calls == .init())
    }

    @Test func `a source that is gone fails the export at once`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let job = try await harness.export(asset)
        for key in harness.memory.keys where key.hasPrefix("uploads/") {
            try await harness.memory.deleteObject(ObjectKey(key))
        }

        let request = harness.keys(job).request(FunctionHarness.units[0]).text
        await #expect(throws: HandlerFailure.self) {
            try await harness.deliver(request, to: .renderChunk)
        }
        #expect(try await harness.result(job) == nil)
        try await harness.deliver(request, to: .renderChunk)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .failed)
        #expect(result.error == "The file of asset \(asset) no longer exists.")
    }

    @Test func `a transient failure is tried six times, then fails the export`() async throws {
        let healthy = FunctionHarness()
        let job = try await healthy.export(try await healthy.asset())
        let failing = healthy.with(
            FakeRenderer(failure: FFmpegError(.failed, "FFmpeg stumbled.")))
        let request = healthy.keys(job).request(FunctionHarness.units[0]).text

        for _ in 1...5 {
            await #expect(throws: FFmpegError.self) {
                try await failing.deliver(request, to: .renderChunk)
            }
            #expect(try await healthy.result(job) == nil)
        }
        try await failing.deliver(request, to: .renderChunk)

        #expect(try await healthy.result(job)?.outcome == .failed)
        #expect(try await healthy.result(job)?.error == "FFmpeg stumbled.")
    }

    @Test func `an export ends correctly after a failure of any store call`()
        async throws
    {
        for takesEffect in [false, true] {
            for number in 1... {
                let harness = FunctionHarness()
                let job = try await harness.export(try await harness.asset())
                let faulty = FaultyBucket(harness.memory, failing: number, takesEffect: takesEffect)
                // The platform delivers a failed event again.
                var isUntouched = false
                for _ in 1...3 {
                    do {
                        try await harness.run(job, bucket: faulty)
                        isUntouched = faulty.callCount < number
                        if try await harness.result(job) != nil { break }
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
