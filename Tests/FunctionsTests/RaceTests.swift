import Functions
import Jobs
import LambdaRuntime
import MediaTime
import ObjectStore
import Synchronization
import Testing
import TestSupport

/// Handlers that meet each other, or a store that does not answer.
@Suite struct RaceTests {
    private func rendered(_ stage: Stage) async throws -> ExportKeys {
        let job = try await stage.export(try await stage.asset())
        for unit in Stage.units {
            try await stage.deliver(stage.keys(job).request(unit).text, to: .renderChunk)
        }
        return stage.keys(job)
    }

    @Test func `an output that a cancelled stitch left is removed`() async throws {
        let stage = Stage()
        let keys = try await rendered(stage)
        // The attempt before this one died between its upload and its result.
        try await stage.memory.putObject(
            .bytes([1]), at: keys.output(fileExtension: "mp4"), options: PutOptions())
        _ = try await stage.call(.cancelExport, "DELETE", "/api/export/\(keys.job)")

        try await stage.deliver(keys.stitchRequest.text, to: .stitchExport)

        #expect(
            try await !stage.memory.objectExists(keys.output(fileExtension: "mp4")))
        #expect(try await stage.result(keys.job)?.outcome == .cancelled)
    }

    @Test func `a cancel's mark without a result ends the export at the stitch`() async throws {
        let stage = Stage()
        let keys = try await rendered(stage)
        try await stage.memory.putDocument(["version": 1], at: keys.cancel)

        try await stage.deliver(keys.stitchRequest.text, to: .stitchExport)

        #expect(try await stage.result(keys.job)?.outcome == .cancelled)
    }

    @Test func `stitch events that find a chunk on its way do not fail the export`() async throws {
        let stage = Stage()
        let keys = try await rendered(stage)
        let receipt = try #require(
            try await stage.memory.document(
                RenderReceipt.self, at: keys.receipt(Stage.units[1])))
        try await stage.memory.deleteObject(ObjectKey(receipt.key))

        for _ in 1...4 {
            try await stage.deliver(keys.stitchRequest.text, to: .stitchExport)
        }
        #expect(try await stage.result(keys.job) == nil)
        #expect(try await !stage.memory.objectExists(keys.stitchRequest))
        try await stage.run(keys.job)

        #expect(try await stage.result(keys.job)?.outcome == .completed)
    }

    @Test func `a store that hangs does not keep a render beyond its time`() async throws {
        let plain = Stage()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)
        let isRendering = Mutex(false)
        let isLate: @Sendable () -> Bool = { isRendering.withLock { $0 } }
        let stage = plain.with(
            FakeRenderer(duringChunk: {
                isRendering.withLock { $0 = true }
                defer { isRendering.withLock { $0 = false } }
                try await Task.sleep(for: .seconds(3_600))
            }))
        let stuck = FaultyBucket(
            stage.memory,
            before: { operation in
                guard operation == "HeadObject", isLate() else { return }
                try? await Task.sleep(for: .seconds(3_600))
            })
        var services = stage.services(stuck)
        services.now = { isLate() ? Stage.context.deadlineMilliseconds : 1_700_000_000_000 }
        services.sleep = { _ in try await Task.sleep(for: .milliseconds(1)) }
        let unit = RenderUnit.video(FrameRange(0, 300))

        _ = try await Registry.handler(.renderChunk, services)(
            Array(Stage.event(keys.request(unit).text).utf8), Stage.context)

        #expect(try await stage.memory.objectExists(keys.request(.video(FrameRange(0, 150)))))
    }

    @Test func `an upload that is sent again has a sound of its own`() async throws {
        let stage = Stage()
        let id = try await stage.asset()
        let asset = try #require(AssetID(id))
        let keys = AssetKeys(owner: .local, asset: asset)
        try await stage.deliver(keys.deriveRequest.text, to: .deriveAsset)
        let first = try #require(
            try await stage.memory.document(AssetRecord.self, at: keys.record))

        try await stage.memory.putObject(
            .bytes([4, 3, 2, 1]), at: ObjectKey(first.key),
            options: PutOptions(contentType: "video/mp4"))
        try await stage.deliver(first.key, to: .completeUpload)
        try await stage.deliver(keys.deriveRequest.text, to: .deriveAsset)

        let second = try #require(
            try await stage.memory.document(AssetRecord.self, at: keys.record))
        #expect(first.etag != second.etag)
        for etag in [first.etag, second.etag] {
            let prefix = keys.audioPrefix(of: etag)
            #expect(stage.memory.keys.contains { $0.hasPrefix(prefix) })
        }
    }
}
