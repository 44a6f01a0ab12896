import Functions
import Jobs
import LambdaRuntime
import MediaTime
import ObjectStore
import Synchronization
import Testing
import TestSupport

/// Handlers that run at the same time, or a store that does not respond.
@Suite struct RaceTests {
    private func rendered(_ harness: FunctionHarness) async throws -> ExportKeys {
        let job = try await harness.export(try await harness.asset())
        for unit in FunctionHarness.units {
            try await harness.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }
        return harness.keys(job)
    }

    @Test func `the output of a cancelled stitch is removed`() async throws {
        let harness = FunctionHarness()
        let keys = try await rendered(harness)
        // The previous attempt died between its upload and its result.
        try await harness.memory.putObject(
            .bytes([1]), at: keys.output(fileExtension: "mp4"), options: PutOptions())
        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(keys.job)")

        try await harness.deliver(keys.stitchRequest.text, to: .stitchExport)

        #expect(
            try await !harness.memory.objectExists(keys.output(fileExtension: "mp4")))
        #expect(try await harness.result(keys.job)?.outcome == .cancelled)
    }

    @Test func `a cancel marker without a result ends the export at the stitch`() async throws {
        let harness = FunctionHarness()
        let keys = try await rendered(harness)
        try await harness.memory.putDocument(["version": 1], at: keys.cancel)

        try await harness.deliver(keys.stitchRequest.text, to: .stitchExport)

        #expect(try await harness.result(keys.job)?.outcome == .cancelled)
    }

    @Test func `stitch events that find a chunk requested again do not fail the export`()
        async throws
    {
        let harness = FunctionHarness()
        let keys = try await rendered(harness)
        let receipt = try #require(
            try await harness.memory.document(
                RenderReceipt.self, at: keys.receipt(FunctionHarness.units[1])))
        try await harness.memory.deleteObject(ObjectKey(receipt.key))

        for _ in 1...4 {
            try await harness.deliver(keys.stitchRequest.text, to: .stitchExport)
        }
        #expect(try await harness.result(keys.job) == nil)
        #expect(try await !harness.memory.objectExists(keys.stitchRequest))
        try await harness.run(keys.job)

        #expect(try await harness.result(keys.job)?.outcome == .completed)
    }

    @Test func `a store that hangs does not delay the end of a render`() async throws {
        let plain = FunctionHarness()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)
        let isRendering = Mutex(false)
        let isLate: @Sendable () -> Bool = { isRendering.withLock { $0 } }
        let harness = plain.with(
            FakeRenderer(duringChunk: {
                isRendering.withLock { $0 = true }
                defer { isRendering.withLock { $0 = false } }
                try await Task.sleep(for: .seconds(3_600))
            }))
        let stuck = FaultyBucket(
            harness.memory,
            before: { operation in
                guard operation == "HeadObject", isLate() else { return }
                try? await Task.sleep(for: .seconds(3_600))
            })
        var services = harness.services(stuck)
        services.now = {
            isLate() ? FunctionHarness.context.deadline : 1_700_000_000_000
        }
        services.sleep = { _ in try await Task.sleep(for: .milliseconds(1)) }
        let unit = RenderUnit.video(FrameRange(0, 300))

        _ = try await Registry.handler(.renderChunk, services)(
            Array(FunctionHarness.event(keys.request(unit).text).utf8), FunctionHarness.context)

        #expect(try await harness.memory.objectExists(keys.request(.video(FrameRange(0, 150)))))
    }

    @Test func `a repeated upload gets its own extracted audio`() async throws {
        let harness = FunctionHarness()
        let id = try await harness.asset()
        let asset = try #require(AssetID(id))
        let keys = AssetKeys(owner: .local, asset: asset)
        try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)
        let first = try #require(
            try await harness.memory.document(AssetRecord.self, at: keys.record))

        try await harness.memory.putObject(
            .bytes([4, 3, 2, 1]), at: ObjectKey(first.key),
            options: PutOptions(contentType: "video/mp4"))
        try await harness.deliver(first.key, to: .completeUpload)
        try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)

        let second = try #require(
            try await harness.memory.document(AssetRecord.self, at: keys.record))
        #expect(first.etag != second.etag)
        for etag in [first.etag, second.etag] {
            let prefix = keys.audioPrefix(of: etag)
            #expect(harness.memory.keys.contains { $0.hasPrefix(prefix) })
        }
    }
}
