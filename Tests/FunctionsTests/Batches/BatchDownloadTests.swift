import Foundation
import Jobs
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport

@testable import Functions

/// Downloads of a batch: one output, or all as an archive.
@Suite struct BatchDownloadTests {
    private actor Collector: ResponseWriter {
        private(set) var bytes: [UInt8] = []
        func write(_ bytes: [UInt8]) { self.bytes += bytes }
    }

    private let harness = FunctionHarness()

    private func get(
        _ path: String, query: [String: String] = [:], bytesMax: Int? = nil
    ) async throws -> (head: String, body: [UInt8]) {
        var services = harness.services(harness.allowed(.downloadAll, nil))
        services.streamBytesMax = bytesMax
        let response = await DownloadAll.handle(
            FunctionURLRequest(method: "GET", rawPath: path, queryStringParameters: query),
            FunctionHarness.context, DownloadAll.Dependencies(services))
        let collector = Collector()
        try await response.body(collector)
        return (
            String(decoding: response.prelude.dropLast(8), as: UTF8.self), await collector.bytes
        )
    }

    /// A batch of three outputs, of which the second has failed.
    private func batch() async throws -> (keys: BatchKeys, files: [[UInt8]]) {
        let keys = try await harness.batch(["a b.mp4"], fields: #"{"variations":"3"}"#)
        try await harness.advance(keys)
        let ledger = ExportLedger(
            bucket: harness.memory, keys: keys.export(at: 1), now: { 1_700_000_000_000 })
        try await ledger.fail("It failed.")
        try await harness.render(keys)
        var files: [[UInt8]] = []
        for index in [0, 2] {
            let key = keys.export(at: index).output(fileExtension: "mp4")
            files.append(
                try await harness.memory.getObject(
                    key, range: nil, ifMatch: nil, bytesMax: 1 << 20
                ).body)
        }
        return (keys, files)
    }

    @Test func `the archive has the complete outputs of this batch only`() async throws {
        _ = try await batch()
        harness.clock.advance(by: .seconds(1))
        let (keys, _) = try await batch()

        let answer = try await get("/api/jobs/\(keys.batch.text)/download-all")

        #expect(answer.head.contains(#"filename=\"variations.zip\""#))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains("a b_v1.mp4") && text.contains("a b_v3.mp4"))
        #expect(!text.contains("a b_v2.mp4"))
        // Each name is in its local header and in the directory.
        #expect(text.components(separatedBy: "_v1.mp4").count == 3)
    }

    @Test func `an output is chosen by ID or name, else the first complete one`() async throws {
        let (keys, files) = try await batch()
        let path = "/api/jobs/\(keys.batch.text)/download"

        #expect(try await get(path).body == files[0])
        #expect(try await get(path, query: ["output": "a b_v3.mp4"]).body == files[1])
        let third = keys.batch.job(at: 2).text
        let chosen = try await get(path, query: ["output": third])
        #expect(chosen.body == files[1])
        #expect(chosen.head.contains(#"attachment; filename=\"a b_v3.mp4\""#))
        for missing in ["a b_v2.mp4", "none"] {
            let answer = try await get(path, query: ["output": missing])
            #expect(answer.head.contains(#""statusCode":404"#))
        }
    }

    @Test func `a file above the platform's limit is a redirect`() async throws {
        let (keys, _) = try await batch()

        let answer = try await get("/api/jobs/\(keys.batch.text)/download", bytesMax: 1)

        #expect(answer.head.contains(#""statusCode":302"#))
    }

    @Test func `nothing complete is 409`() async throws {
        let keys = try await harness.batch(["a.mp4"])

        for end in ["download", "download-all"] {
            let answer = try await get("/api/jobs/\(keys.batch.text)/\(end)")
            #expect(answer.head.contains(#""statusCode":409"#))
        }
    }
}
