import Foundation
import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Every test on a `FunctionHarness` runs each function under its deployed role; these
/// check that no role allows more than its function uses.
@Suite struct RoleTests {
    /// Permitted but unused here: only a failed multipart transfer of a large file is aborted.
    private static let unusedHere: Set<String> = [
        "derive-asset s3:AbortMultipartUpload assets/*",
        "render-chunk s3:AbortMultipartUpload cache/*",
        "stitch-export s3:AbortMultipartUpload exports/*",
        "stitch-export s3:AbortMultipartUpload assets/*",
    ]

    private static var everything: Set<String> {
        var found: Set<String> = []
        // DownloadAllTests check the role of the streamed function.
        for (name, permissions) in Roles.deployed.permissions where name != "download-all" {
            for (action, patterns) in permissions {
                for pattern in patterns.isEmpty ? [""] : patterns {
                    found.insert("\(name) \(action) \(pattern)")
                }
            }
        }
        return found
    }

    @Test func `each permission of a role is used by its function`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let parts = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"b.mp4","contentType":"video/mp4","size":200000000}"#)
        guard case .string(let large)? = parts.json["assetId"],
            case .string(let key)? = parts.json["key"],
            case .string(let upload)? = parts.json["uploadId"],
            let record = AssetID(asset).map({ AssetKeys(owner: .local, asset: $0) })
        else { throw HarnessError(text: "\(parts)") }
        _ = try await harness.memory.uploadPart(
            .bytes([1]), number: 1, of: ObjectKey(key), uploadID: upload)
        _ = try await harness.call(.completeUpload, "POST", "/", #"{"assetId":"\#(large)"}"#)
        try await useUppy(harness)
        try await harness.deliver(record.deriveRequest.text, to: .deriveAsset)
        _ = try await harness.call(
            .startExport, "POST", "/", #"{"editKey":"uploads/local/none.json"}"#)
        for _ in 0..<2 {
            _ = try await harness.call(
                .startExport, "POST", "/",
                FunctionHarness.edit(asset, more: #","clientToken":"a token""#))
        }
        let job = try await harness.export(asset)
        try await harness.run(job)
        _ = try await harness.call(.jobStatus, "GET", "/api/export/\(job.text)")
        let cancelled = try await harness.export(asset)
        for id in [cancelled.text, cancelled.text, JobID(time: 1, random: "a").text] {
            _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(id)")
        }
        try await harness.deliver(
            harness.keys(cancelled).stitchRequest.text, to: .stitchExport)
        await deliverSampleEvents(harness)
        try await failOneExport(asset, harness)
        try await sweepThree(asset, harness)
        try await deriveLong(harness)

        let unused = Self.everything.subtracting(harness.usedPermissions)
        #expect(unused == Self.unusedHere)
    }

    /// Delivers every sample in `events/` to its function. A sample may fail: the
    /// permissions that it uses count.
    private func deliverSampleEvents(_ harness: FunctionHarness) async {
        for function in Registry.functions {
            for event in SampleEvents.of(function.name) {
                let services = harness.services(harness.allowed(function.name, nil))
                _ = try? await Registry.handler(function, services)(event, FunctionHarness.context)
            }
        }
    }

    private func failOneExport(_ asset: String, _ harness: FunctionHarness) async throws {
        let job = try await harness.export(asset)
        let plan = try await harness.memory.getObject(
            harness.keys(job).plan, range: nil, ifMatch: nil, bytesMax: 1 << 20)
        let text = String(decoding: plan.body, as: UTF8.self)
            .replacing(#""etag":""#, with: #""etag":"another"#)
        try await harness.memory.putObject(
            .bytes(Array(text.utf8)), at: harness.keys(job).plan, options: PutOptions())
        try? await harness.deliver(
            harness.keys(job).request(FunctionHarness.units[0]).text, to: .renderChunk)
    }

    /// One export that ended, one that waits, and one that is to be cancelled.
    private func sweepThree(_ asset: String, _ harness: FunctionHarness) async throws {
        let ended = try await harness.export(asset)
        try await harness.memory.putObject(
            .bytes(Array("{}".utf8)), at: harness.keys(ended).cancel, options: PutOptions())
        let waiting = try await harness.export(asset)
        try await harness.memory.deleteObject(
            harness.keys(waiting).request(FunctionHarness.units[0]))
        _ = try await Registry.handler(
            .sweep, harness.services(harness.allowed(.sweep, nil)))(
                Array("{}".utf8), FunctionHarness.context)
    }

    /// Makes a long proxy, loses it, and fails the proxy of a replaced file; then the asset is
    /// deleted.
    private func deriveLong(_ harness: FunctionHarness) async throws {
        guard let asset = AssetID(try await harness.asset()) else { return }
        let keys = AssetKeys(owner: .local, asset: asset)
        var record = try await harness.lengthen(keys, seconds: 100)
        for etag in [record.etag, record.etag, "another"] {
            record.etag = etag
            try await harness.memory.putDocument(record, at: keys.record)
            try await harness.memory.deleteObject(keys.proxy)
            let job = JobID(proxyOf: asset, etag: etag, time: record.createdAt)
            try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)
            try await harness.settle([job])
        }
        let failed = harness.keys(JobID(proxyOf: asset, etag: "another", time: record.createdAt))
        try await harness.memory.putDocument(
            JobPointer(owner: .local, dialect: .spool, createdAt: 1), at: failed.active)
        _ = try await Registry.handler(
            .sweep, harness.services(harness.allowed(.sweep, nil)))(
                Array("{}".utf8), FunctionHarness.context)
        try await harness.memory.deleteObject(keys.failedMark(.proxy, of: "another"))
        try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)
        for key in [keys.record, keys.upload] { try await harness.memory.deleteObject(key) }
        try await harness.deliver(keys.deriveRequest.text, to: .deriveAsset)
    }

    /// Completes one upload and aborts another.
    private func useUppy(_ harness: FunctionHarness) async throws {
        let path = "/api/uppy/s3/multipart"
        for end in ["complete", "abort"] {
            let (_, begun) = try await harness.call(
                .uppyUpload, "POST", path, #"{"filename":"c.mp4","type":"video/mp4"}"#)
            guard case .string(let key)? = begun["key"],
                case .string(let upload)? = begun["uploadId"]
            else { throw HarnessError(text: "\(begun)") }
            let part = try await harness.memory.uploadPart(
                .bytes([1]), number: 1, of: ObjectKey(key), uploadID: upload)
            _ = try await harness.call(
                .uppyUpload, "GET", "\(path)/\(upload)", query: ["key": key])
            _ =
                end == "abort"
                ? try await harness.call(
                    .uppyUpload, "DELETE", "\(path)/\(upload)", query: ["key": key])
                : try await harness.call(
                    .uppyUpload, "POST", "\(path)/\(upload)/complete",
                    #"{"parts":[{"PartNumber":1,"ETag":"\#(part.etag)"}]}"#, query: ["key": key])
        }
    }
}
