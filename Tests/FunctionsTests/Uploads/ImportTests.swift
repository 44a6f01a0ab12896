import Functions
import Jobs
import JSON
import ObjectStore
import Synchronization
import Testing
import TestSupport

/// Imports from a URL: in parts, resumed, and refused.
@Suite struct ImportTests {
    /// 33 MiB: three parts.
    private static let film: [UInt8] = (0..<(33 << 20)).map { UInt8(truncatingIfNeeded: $0 / 251) }

    private func start(_ harness: FunctionHarness) async throws -> AssetKeys {
        let (status, answer) = try await harness.call(
            .importURL, "POST", "/api/upload/import", #"{"url":"https://media.example/a.mp4"}"#)
        #expect(status == 202, "\(answer)")
        let asset = try #require(answer["assetId"]?.text.flatMap { AssetID($0) })
        return AssetKeys(owner: .local, asset: asset)
    }

    private func harness(_ host: FakeHost) -> FunctionHarness {
        var harness = FunctionHarness()
        harness.host = host
        return harness
    }

    private func stored(_ keys: AssetKeys, _ harness: FunctionHarness) async throws -> [UInt8] {
        try await harness.memory.getObject(
            keys.media(fileName: "a.mp4"), range: nil, ifMatch: nil, bytesMax: 64 << 20
        ).body
    }

    @Test func `a file is fetched in parts and becomes an upload`() async throws {
        let harness = harness(FakeHost(Self.film))
        let keys = try await start(harness)
        let before = try await harness.call(.assets, "GET", "/api/assets/\(keys.asset.text)")
        #expect(before.json["status"] == "downloading")

        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        try await harness.deliver(keys.importRequest(0).text, to: .importURL)

        #expect(try await stored(keys, harness) == Self.film)
        try await harness.deliver(keys.media(fileName: "a.mp4").text, to: .completeUpload)
        let after = try await harness.call(.assets, "GET", "/api/assets/\(keys.asset.text)")
        #expect(after.json["status"] == "ready")
    }

    @Test func `faults that may pass are tried again`() async throws {
        let host = FakeHost(Self.film) { call in
            switch call {
            case 1: .status(503)
            case 3: .broken
            case 5: .status(429)
            default: nil
            }
        }
        let harness = harness(host)
        let keys = try await start(harness)
        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        #expect(try await stored(keys, harness) == Self.film)
        #expect(host.calls == 7)
    }

    @Test func `a turn that runs out of time leaves its parts to the next one`() async throws {
        let isDown = Mutex(true)
        let host = FakeHost(Self.film) { call in
            call > 2 && isDown.withLock { $0 } ? .broken : nil
        }
        let harness = harness(host)
        let keys = try await start(harness)
        // The second part fails until the turn has given up.
        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        #expect(harness.memory.keys.contains(keys.importRequest(1).text))
        let fetched = host.calls

        isDown.withLock { $0 = false }
        try await harness.deliver(keys.importRequest(1).text, to: .importURL)
        #expect(try await stored(keys, harness) == Self.film)
        #expect(host.calls - fetched <= 3)
    }

    @Test func `a host that never answers fails the asset after three turns`() async throws {
        let harness = harness(FakeHost(Self.film) { _ in .broken })
        let keys = try await start(harness)
        for turn in 0..<3 {
            try await harness.deliver(keys.importRequest(turn).text, to: .importURL)
        }
        let record = try await harness.memory.document(AssetRecord.self, at: keys.record)
        #expect(record?.status == .failed)
        #expect(record?.error == "The host did not answer: the connection broke.")
        #expect(!harness.memory.keys.contains(keys.importRequest(3).text))
        #expect(
            try await harness.call(.assets, "GET", "/api/assets/\(keys.asset.text)")
                .json["status"] == "failed")
    }

    @Test func `another file in its place is fetched from the beginning`() async throws {
        let other = Array(Self.film.dropLast())
        let host = FakeHost(Self.film)
        let harness = harness(host)
        let keys = try await start(harness)
        // The upload is begun for the first file.
        var upload = try #require(
            try await harness.memory.document(UploadRecord.self, at: keys.upload))
        upload.uploadID = try await harness.memory.createMultipartUpload(
            keys.media(fileName: "a.mp4"), options: PutOptions(contentType: "video/mp4"))
        (upload.bytes, upload.contentType) = (Self.film.count, "video/mp4")
        upload.source?.validator = "\"old\""
        try await harness.memory.putDocument(upload, at: keys.upload)

        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        host.replace(by: other)
        try await harness.deliver(keys.importRequest(1).text, to: .importURL)
        #expect(try await stored(keys, harness) == other)
    }

    @Test func `a refusal of the host is the asset's error`() async throws {
        let harness = harness(FakeHost([]) { _ in .status(403) })
        let keys = try await start(harness)
        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        let record = try await harness.memory.document(AssetRecord.self, at: keys.record)
        #expect(record?.error == "The host answered with status 403.")
    }

    @Test(arguments: ["", "ftp://a/b", "https://u:p@a/b", "/a/b"])
    func `a wrong URL is a fault at its field`(_ url: String) async throws {
        let (status, answer) = try await harness(FakeHost([])).call(
            .importURL, "POST", "/api/upload/import", #"{"url":"\#(url)"}"#)
        #expect(status == 400)
        #expect(answer["detail"]?.text?.contains("url") == true, "\(answer)")
    }

    @Test func `a removed asset is not fetched`() async throws {
        let host = FakeHost(Self.film)
        let harness = harness(host)
        let keys = try await start(harness)
        _ = try await harness.call(.assets, "DELETE", "/api/assets/\(keys.asset.text)")
        try await harness.deliver(keys.importRequest(0).text, to: .importURL)
        #expect(host.calls == 0)
    }
}
