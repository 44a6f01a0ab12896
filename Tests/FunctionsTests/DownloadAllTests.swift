import Foundation
import Jobs
import LambdaRuntime
import ObjectStore
import TestSupport
import Testing

@testable import Functions

/// Archives of finished exports.
@Suite struct DownloadAllTests {
    private actor Collector: ResponseWriter {
        private(set) var bytes: [UInt8] = []
        private(set) var largest = 0
        func write(_ bytes: [UInt8]) {
            self.bytes += bytes
            largest = max(largest, bytes.count)
        }
    }

    private let memory = InMemoryBucket()

    private func services(maximum: Int? = nil) -> DownloadAll.Dependencies {
        var services = FunctionHarness().services(
            Roles.deployed.bucket(memory, of: .downloadAll))
        services.now = { 1_700_000_100_000 }
        services.streamBytesMax = maximum
        return DownloadAll.Dependencies(services)
    }

    /// A completed export whose file has these bytes.
    private func export(_ id: String, _ bytes: [UInt8], outcome: ExportResult.Outcome = .completed)
        async throws -> String
    {
        let job = try #require(JobID("job_1700000000000_\(id)"))
        let keys = ExportKeys(owner: .local, job: job)
        let file = keys.output(fileExtension: "mp4")
        let info = try await memory.putObject(
            .bytes(bytes), at: file, options: PutOptions(contentType: "video/mp4"))
        let output = ExportResult.Output(
            key: file.text, bytes: bytes.count, etag: info.etag, contentType: "video/mp4",
            frames: 1, samples: 0, durationSeconds: 1)
        let result = ExportResult(
            outcome: outcome, finishedAt: 1_700_000_000_000,
            output: outcome == .completed ? output : nil)
        try await memory.putDocument(result, at: keys.result)
        try await memory.putDocument(
            JobPointer(
                owner: .local, dialect: .spool,
                createdAt: 1_700_000_000_000), at: keys.pointer)
        try await memory.putObject(
            .bytes([]), at: keys.recent, options: PutOptions(contentType: "text/plain"))
        return job.text
    }

    private func call(
        _ path: String, method: String = "GET", maximum: Int? = nil
    ) async throws -> (head: String, body: [UInt8], largest: Int) {
        let response = await DownloadAll.handle(
            FunctionURLRequest(method: method, rawPath: path), FunctionHarness.context,
            services(maximum: maximum))
        let collector = Collector()
        try await response.body(collector)
        let head = String(decoding: response.prelude.dropLast(8), as: UTF8.self)
        return (head, await collector.bytes, await collector.largest)
    }

    private static let letters = ["aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb"]

    @Test func `unzip accepts an export's archive and finds the file's bytes`() async throws {
        // More than two pieces, the last one shorter.
        let bytes = (0..<(2 * DownloadAll.pieceBytes + 12_345)).map {
            UInt8(truncatingIfNeeded: $0)
        }
        let job = try await export(Self.letters[0], bytes)

        let answer = try await call("/api/export/\(job)/download-all")

        #expect(answer.head.contains(#""statusCode":200"#))
        #expect(answer.head.contains("filename=\\\"\(job).zip\\\""))
        #expect(answer.largest == DownloadAll.pieceBytes)
        let found = try Self.unzipped(answer.body)
        #expect(found.keys.sorted() == ["\(job).mp4"])
        #expect(found["\(job).mp4"] == bytes)
    }

    @Test func `an owner's archive has the completed exports only`() async throws {
        let first = try await export(Self.letters[0], Array("one".utf8))
        let second = try await export(Self.letters[1], [])
        _ = try await export("cccccccccccccccccccc", [1], outcome: .failed)

        let answer = try await call("/api/exports/download-all")

        #expect(answer.head.contains(#"filename=\"exports.zip\""#))
        #expect(
            try Self.unzipped(answer.body)
                == ["\(first).mp4": Array("one".utf8), "\(second).mp4": []])
    }

    @Test func `nothing completed is 409, an unknown job 404, too many bytes 413`() async throws {
        let failed = try await export(Self.letters[0], [1], outcome: .failed)
        let large = try await export(Self.letters[1], [1, 2, 3])

        let none = try await call("/api/export/\(failed)/download-all")
        let unknown = try await call(
            "/api/export/job_1700000000000_zzzzzzzzzzzzzzzzzzzz/download-all")
        let tooLarge = try await call("/api/export/\(large)/download-all", maximum: 2)
        let post = try await call("/api/export/\(large)/download-all", method: "POST")

        #expect(none.head.contains(#""statusCode":409"#))
        #expect(unknown.head.contains(#""statusCode":404"#))
        #expect(tooLarge.head.contains(#""statusCode":413"#))
        #expect(post.head.contains(#""statusCode":405"#))
        #expect(none.head.contains("application/problem+json"))
    }

    @Test func `a file that has changed cuts the stream`() async throws {
        let job = try await export(Self.letters[0], [1, 2, 3])
        let id = try #require(JobID(job))
        try await memory.putObject(
            .bytes([9, 9, 9]), at: ExportKeys(owner: .local, job: id).output(fileExtension: "mp4"),
            options: PutOptions(contentType: "video/mp4"))

        await #expect(throws: ObjectStoreError.self) {
            try await call("/api/export/\(job)/download-all")
        }
    }

    /// Files of an archive, read by Python, which checks every CRC.
    private static func unzipped(_ archive: [UInt8]) throws -> [String: [UInt8]] {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "spool-zip-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "a.zip")
        try Data(archive).write(to: file)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-m", "zipfile", "-e", file.path, folder.appending(path: "out").path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        var found: [String: [UInt8]] = [:]
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "out").path)
        for name in names {
            found[name] = Array(try Data(contentsOf: folder.appending(path: "out/\(name)")))
        }
        return found
    }
}
