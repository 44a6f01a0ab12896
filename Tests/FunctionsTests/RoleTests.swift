import Foundation
import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

/// Every test on a `Stage` runs each function under its deployed role; these
/// ask the other way round, whether a role allows more than is made use of.
@Suite struct RoleTests {
    /// Allowed and not used here: only a multipart transfer of a large file
    /// that fails is aborted, and there is no project yet.
    private static let unusedHere: Set<String> = [
        "derive-asset s3:AbortMultipartUpload assets/*",
        "render-chunk s3:AbortMultipartUpload cache/*",
        "stitch-export s3:AbortMultipartUpload exports/*",
    ]

    private static var everything: Set<String> {
        var found: Set<String> = []
        // What streams is called otherwise: DownloadAllTests hold it to its role.
        for (name, permissions) in Roles.deployed.permissions where name != "download-all" {
            for (action, patterns) in permissions {
                for pattern in patterns.isEmpty ? [""] : patterns {
                    found.insert("\(name) \(action) \(pattern)")
                }
            }
        }
        return found
    }

    @Test func `roles allow nothing that no function makes use of`() async throws {
        let stage = Stage()
        let asset = try await stage.asset()
        let parts = try await stage.call(
            .initUpload, "POST", "/",
            #"{"filename":"b.mp4","contentType":"video/mp4","size":200000000}"#)
        guard case .string(let large)? = parts.json["assetId"],
            case .string(let key)? = parts.json["key"],
            case .string(let upload)? = parts.json["uploadId"],
            let record = AssetID(asset).map({ AssetKeys(owner: .local, asset: $0) })
        else { throw StageError(text: "\(parts)") }
        _ = try await stage.memory.uploadPart(
            .bytes([1]), number: 1, of: ObjectKey(key), uploadID: upload)
        _ = try await stage.call(.completeUpload, "POST", "/", #"{"assetId":"\#(large)"}"#)
        try await useUppy(stage)
        try await stage.deliver(record.deriveRequest.text, to: .deriveAsset)
        _ = try await stage.call(
            .startExport, "POST", "/", #"{"editKey":"projects/local/none.json"}"#)
        _ = try await stage.call(
            .startExport, "POST", "/", #"{"editKey":"uploads/local/none.json"}"#)
        for _ in 0..<2 {
            _ = try await stage.call(
                .startExport, "POST", "/",
                Stage.edit(asset, more: #","clientToken":"a token""#))
        }
        let job = try await stage.export(asset)
        try await stage.run(job)
        _ = try await stage.call(.jobStatus, "GET", "/api/export/\(job.text)")
        let cancelled = try await stage.export(asset)
        for id in [cancelled.text, cancelled.text, JobID(milliseconds: 1, random: "a").text] {
            _ = try await stage.call(.cancelExport, "DELETE", "/api/export/\(id)")
        }
        try await stage.deliver(
            stage.keys(cancelled).stitchRequest.text, to: .stitchExport)
        try await failOneExport(asset, stage)
        try await sweepThree(asset, stage)

        let unused = Self.everything.subtracting(stage.usedPermissions)
        #expect(unused == Self.unusedHere)
    }

    private func failOneExport(_ asset: String, _ stage: Stage) async throws {
        let job = try await stage.export(asset)
        let plan = try await stage.memory.getObject(
            stage.keys(job).plan, range: nil, ifMatch: nil, maximumBytes: 1 << 20)
        let text = String(decoding: plan.body, as: UTF8.self)
            .replacing(#""etag":""#, with: #""etag":"another"#)
        try await stage.memory.putObject(
            .bytes(Array(text.utf8)), at: stage.keys(job).plan, options: PutOptions())
        try? await stage.deliver(
            stage.keys(job).request(Stage.units[0]).text, to: .renderChunk)
    }

    /// One that ended, one that waits, and one that is to be cancelled.
    private func sweepThree(_ asset: String, _ stage: Stage) async throws {
        let ended = try await stage.export(asset)
        try await stage.memory.putObject(
            .bytes(Array("{}".utf8)), at: stage.keys(ended).cancel, options: PutOptions())
        let waiting = try await stage.export(asset)
        try await stage.memory.deleteObject(stage.keys(waiting).request(Stage.units[0]))
        _ = try await Registry.handler(
            .sweep, stage.services(stage.allowed(.sweep, nil)))(Array("{}".utf8), Stage.context)
    }

    /// One upload that is completed, and one that is aborted.
    private func useUppy(_ stage: Stage) async throws {
        let path = "/api/uppy/s3/multipart"
        for end in ["complete", "abort"] {
            let (_, begun) = try await stage.call(
                .uppyUpload, "POST", path, #"{"filename":"c.mp4","type":"video/mp4"}"#)
            guard case .string(let key)? = begun["key"],
                case .string(let upload)? = begun["uploadId"]
            else { throw StageError(text: "\(begun)") }
            let part = try await stage.memory.uploadPart(
                .bytes([1]), number: 1, of: ObjectKey(key), uploadID: upload)
            _ = try await stage.call(
                .uppyUpload, "GET", "\(path)/\(upload)", query: ["key": key])
            _ =
                end == "abort"
                ? try await stage.call(
                    .uppyUpload, "DELETE", "\(path)/\(upload)", query: ["key": key])
                : try await stage.call(
                    .uppyUpload, "POST", "\(path)/\(upload)/complete",
                    #"{"parts":[{"PartNumber":1,"ETag":"\#(part.etag)"}]}"#, query: ["key": key])
        }
    }
}
