import FFmpeg
import Functions
import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import Testing
import TestSupport

@Suite struct DeriveTests {
    @Test func `a short source gets everything in one invocation`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness)

        try await asset.derive()

        let found = try await asset.derivatives()
        #expect(AssetDerivative.allCases.allSatisfy { found[$0] == .ready })
        #expect(!harness.memory.keys.contains { $0.hasPrefix("exports/") })
        #expect(harness.renderer.calls.chunks == [FrameRange(0, 600)])
    }

    @Test func `a second derive request writes nothing`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness)
        try await asset.derive()
        let before = harness.memory.keys

        try await asset.derive()

        #expect(harness.memory.keys == before)
        #expect(harness.renderer.calls.chunks.count == 1)
    }

    @Test func `a long source gets its proxy by an export that no list shows`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)

        try await asset.derive()

        let keys = harness.memory.keys
        #expect(keys.contains(asset.export.active.text))
        #expect(!keys.contains { $0.hasPrefix("recent/") || $0.hasPrefix("jobs/") })
        #expect(try await asset.derivatives()[.proxy] == .pending)
        #expect(try await asset.derivatives()[.sprite] == .pending)
        // Other exports wait for two units, and not for all.
        #expect(asset.requests(of: harness).count == 2)

        try await harness.settle([asset.job])
        #expect(try await asset.derivatives()[.proxy] == .ready)
        #expect(!harness.memory.keys.contains(asset.export.active.text))
        try await asset.derive()

        #expect(try await asset.derivatives().isComplete)
        #expect(try await harness.result(asset.job)?.outcome == .completed)
        #expect(harness.renderer.calls.stitches == 1)
    }

    @Test func `a lost proxy of a finished export is stitched again`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)
        try await asset.derive()
        try await harness.settle([asset.job])
        let rendered = harness.renderer.calls.chunks.count
        try await harness.memory.deleteObject(asset.keys.proxy)

        try await asset.derive()
        try await harness.settle([asset.job])

        #expect(try await asset.derivatives()[.proxy] == .ready)
        #expect(harness.renderer.calls.chunks.count == rendered)
    }

    @Test func `a proxy that cannot be rendered is failed, and the rest is made`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)
        try await asset.derive()
        let broken = harness.with(
            FakeRenderer(failure: FFmpegError(.notMedia, "The file is broken.")))
        try await broken.settle([asset.job])

        let found = try await asset.derivatives()
        #expect(found[.proxy] == .failed && found[.sprite] == .failed)
        #expect(found[.poster] == .ready && found[.waveform] == .ready)
        try await asset.derive()
        #expect(try await asset.derivatives()[.proxy] == .failed)
    }

    @Test func `the sweep reports a failed proxy whose handler died`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)
        try await asset.derive()
        let failed = ExportResult(outcome: .failed, finishedAt: 1, error: "It was killed.")
        try await harness.memory.putDocument(failed, at: asset.export.result)

        _ = try await Registry.handler(
            .sweep, harness.services(harness.allowed(.sweep, nil)))(
                Array("{}".utf8), FunctionHarness.context)

        #expect(try await asset.derivatives()[.proxy] == .failed)
        #expect(!harness.memory.keys.contains(asset.export.active.text))
    }

    @Test func `a replaced file stops the proxy of the old one`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)
        try await asset.derive()
        var record = asset.record
        record.etag = "another"
        try await harness.memory.putDocument(record, at: asset.keys.record)

        try await harness.settle([asset.job])

        #expect(try await harness.result(asset.job)?.outcome == .failed)
        #expect(!harness.memory.keys.contains(asset.keys.proxy.text))
    }

    @Test func `what is derived of a deleted asset is removed`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness, seconds: 100)
        try await asset.derive()
        for key in [asset.keys.record, asset.keys.upload] {
            try await harness.memory.deleteObject(key)
        }

        try await asset.derive()

        #expect(!harness.memory.keys.contains { $0.hasPrefix(asset.keys.prefix) })
    }

    @Test func `a derivative fails after six attempts that might have helped`() async throws {
        let harness = FunctionHarness()
        let asset = try await DerivedAsset(harness)
        let weak = harness.with(FakeRenderer(failure: FFmpegError(.failed, "FFmpeg failed.")))

        for attempt in 1...6 {
            let isPending = try await asset.derivatives()[.poster] == .pending
            #expect(isPending, "attempt \(attempt)")
            try? await weak.deliver(asset.keys.deriveRequest.text, to: .deriveAsset)
        }

        let found = try await asset.derivatives()
        #expect([.poster, .proxy, .waveform].allSatisfy { found[$0] == .failed })
    }
}

/// An asset in a harness, and the export that makes its proxy.
private struct DerivedAsset {
    let harness: FunctionHarness
    let keys: AssetKeys
    let record: AssetRecord

    /// - Parameter seconds: Length that the asset's record says.
    init(_ harness: FunctionHarness, seconds: Int = 20) async throws {
        self.harness = harness
        let asset = try #require(AssetID(try await harness.asset()))
        keys = AssetKeys(owner: .local, asset: asset)
        record = try await harness.lengthen(keys, seconds: seconds)
    }

    var job: JobID {
        JobID(proxyOf: keys.asset, etag: record.etag, time: record.createdAt)
    }
    var export: ExportKeys { harness.keys(job) }

    func derive() async throws {
        try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)
    }

    func derivatives() async throws -> AssetDerivatives {
        AssetDerivatives(
            try await harness.memory.listAllObjects(prefix: keys.prefix), of: record, keys: keys)
    }

    func requests(of harness: FunctionHarness) -> [String] {
        harness.memory.keys.filter { $0.hasPrefix(export.prefix) && $0.hasSuffix(".chunk.json") }
    }
}

extension FunctionHarness {
    /// Sets the length of an asset in its record.
    func lengthen(_ keys: AssetKeys, seconds: Int) async throws -> AssetRecord {
        var record = try #require(
            try await memory.document(AssetRecord.self, at: keys.record))
        record.media?.durationMicroseconds = seconds * 1_000_000
        try await memory.putDocument(record, at: keys.record)
        return record
    }
}
