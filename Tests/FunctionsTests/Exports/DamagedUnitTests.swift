import FFmpeg
@testable import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Damaged objects in the cache, and functions that crash.
@Suite struct DamagedUnitTests {
    private static let mismatch = FFmpegError(
        .frameCountMismatch(planned: 600, written: 400), "The output file has 400 of 600 frames.")

    @Test(arguments: FunctionHarness.units)
    func `a stitch discards a damaged unit, which is rendered again`(
        unit: RenderUnit
    ) async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let job = try await harness.export(asset)
        for unit in FunctionHarness.units {
            try await harness.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }
        let receipt = try #require(
            try await harness.memory.document(
                RenderReceipt.self, at: harness.keys(job).receipt(unit)))
        let broken = harness.with(
            FakeRenderer(stitchFailure: Self.mismatch, damagedKey: receipt.key))

        try await broken.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)

        #expect(!harness.memory.keys.contains(receipt.key))
        #expect(!harness.memory.keys.contains(harness.keys(job).receipt(unit).text))
        #expect(!harness.memory.keys.contains(harness.keys(job).stitchRequest.text))
        #expect(try await harness.result(job) == nil)
        try await harness.run(job)
        #expect(try await harness.result(job)?.outcome == .completed)
        #expect(harness.memory.keys.contains(receipt.key))
    }

    @Test func `a stitch that fails with whole units is tried again`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let broken = harness.with(FakeRenderer(stitchFailure: Self.mismatch))
        for unit in FunctionHarness.units {
            try await harness.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }

        for _ in 1...5 {
            await #expect(throws: FFmpegError.self) {
                try await broken.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)
            }
            #expect(try await harness.result(job) == nil)
        }
        try await harness.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)

        #expect(try await harness.result(job)?.outcome == .completed)
    }

    @Test func `units that are damaged again and again fail the export`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let broken = harness.with(
            FakeRenderer(stitchFailure: Self.mismatch, damagedKey: "cache/"))

        for _ in 1...8 where try await harness.result(job) == nil {
            try? await broken.run(job)
        }

        #expect(try await harness.result(job)?.outcome == .failed)
        #expect(try await harness.result(job)?.error == Self.mismatch.description)
    }

    @Test func `a damaged unit of the cache is rendered again for a stream`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        try await harness.run(try await harness.export(asset))
        let cached = try #require(harness.memory.keys.first { $0.hasPrefix("cache/") })
        let body = FunctionHarness.edit(asset).replacing(
            #""fps":30"#, with: #""fps":30,"hls":true"#)
        let (status, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }
        let broken = harness.with(
            FakeRenderer(streamFailure: Self.mismatch, damagedKey: cached))

        for unit in FunctionHarness.units {
            try? await broken.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }
        #expect(!harness.memory.keys.contains(cached))
        try await harness.run(job)

        #expect(try await harness.result(job)?.outcome == .completed)
    }

    // MARK: Dead letters

    private static let crash = "Runtime exited with error: signal: segmentation fault"

    @Test func `a unit that crashes its function fails its export with the last error`()
        async throws
    {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let request = harness.keys(job).request(FunctionHarness.units[0])
        for letter in 1...3 {
            #expect(try await harness.result(job) == nil, "letter \(letter)")
            try await harness.memory.deleteObject(request)
            try await harness.deliverDeadLetter(
                request.text, of: .renderChunk, errorType: "Runtime.ExitError",
                message: Self.crash)
            #expect(harness.memory.keys.contains(request.text) == (letter < 3))
        }

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .failed)
        #expect(
            result.error == "The function render-chunk ended without a result: \(Self.crash)")
        #expect(!harness.memory.keys.contains(harness.keys(job).active.text))
    }

    @Test func `a stitch that crashes its function fails its export`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        for _ in 1...3 {
            try await harness.deliverDeadLetter(
                harness.keys(job).stitchRequest.text, of: .stitchExport,
                errorType: "Sandbox.Timedout", message: "Task timed out after 900.00 seconds")
        }

        #expect(try await harness.result(job)?.error?.contains("timed out") == true)
    }

    @Test func `a dead letter of a store that did not answer only requests the work again`()
        async throws
    {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let request = harness.keys(job).request(FunctionHarness.units[0]).text
        for _ in 1...3 {
            try await harness.deliverDeadLetter(
                request, of: .renderChunk, errorType: "Function.Error", message: "unavailable")
        }

        #expect(try await harness.result(job) == nil)
        try await harness.run(job)
        #expect(try await harness.result(job)?.outcome == .completed)
        // A late letter of work that is done changes nothing.
        let keys = harness.memory.keys
        try await harness.deliverDeadLetter(
            request, of: .renderChunk, errorType: "Runtime.ExitError", message: Self.crash)
        #expect(harness.memory.keys == keys)
    }

    @Test func `derivatives whose function crashes are failed`() async throws {
        let harness = FunctionHarness()
        let asset = try #require(AssetID(try await harness.asset()))
        let keys = AssetKeys(owner: .local, asset: asset)
        let record = try #require(
            try await harness.memory.document(AssetRecord.self, at: keys.record))
        for _ in 1...3 {
            try await harness.deliverDeadLetter(
                keys.deriveRequest.text, of: .deriveAsset, errorType: "Runtime.ExitError",
                message: Self.crash)
        }

        let found = AssetDerivatives(
            try await harness.memory.listAllObjects(prefix: keys.prefix), of: record, keys: keys)
        #expect(found[.proxy] == .failed && found[.poster] == .failed)
        #expect(found.isComplete)
    }
}
