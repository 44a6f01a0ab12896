import Credits
import Database
import FFmpeg
import Foundation
import Functions
import Jobs
import JSON
import LambdaRuntime
import Notify
import ObjectStore
import Testing
import TestSupport
import WallClock

/// Every test on a `FunctionHarness` runs each function under its deployed role; these
/// check that no role allows more than its function uses.
@Suite struct RoleTests {
    /// Permitted but unused here: only a failed multipart transfer of a large file is aborted,
    /// and only a batch that is cancelled while it is removed deletes an export's late objects.
    private static let unusedHere: Set<String> = [
        "advance-batch s3:DeleteObject exports/*",
        "advance-batch s3:AbortMultipartUpload uploads/*",
        "remove-job s3:AbortMultipartUpload uploads/*",
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
        var harness = FunctionHarness()
        harness.retention.uploads = .seconds(86_400)
        harness.cacheBytesMax = 1 << 40
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
        for id in [asset, large] {
            _ = try await harness.call(.completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)
        }
        try await exceedTheLimit(harness)
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
        // The second finds its chunks in the cache.
        try await harness.run(try await harness.export(asset))
        try await useWebhooks(asset, job, harness)
        let cancelled = try await harness.export(asset)
        for id in [cancelled.text, job.text, JobID(time: 1, random: "a").text] {
            _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(id)")
        }
        try await harness.deliver(
            harness.keys(cancelled).stitchRequest.text, to: .stitchExport)
        try await useBatches(harness)
        try await removeOldExport(asset, harness)
        try await saveProject(harness)
        try await useWebhooks(asset, job, harness)
        await deliverSampleEvents(harness)
        try await removeOneExport(asset, harness)
        try await failOneExport(asset, harness)
        try await damageUnits(asset, harness)
        try await sweepThree(asset, harness)
        try await deriveLong(harness)
        try await useCredits(asset, &harness)
        let elsewhere = try await permissionsUsedElsewhere()
        try await harness.memory.putDocument(
            AssetRemovalMark(startedAt: 1_700_000_000_000), at: record.removal)
        _ = try await harness.call(.startExport, "POST", "/", FunctionHarness.edit(asset))
        // The bytes of a rejected upload are gone; those of a usable one are deleted here.
        for id in [asset, large, try await harness.asset()] {
            _ = try await harness.call(.assets, "DELETE", "/api/assets/\(id)")
        }
        try await expireEverything(harness)

        let unused = Self.everything.subtracting(harness.usedPermissions)
            .subtracting(elsewhere)
        #expect(unused == Self.unusedHere)
    }

    /// Signs in, imports a file, and does all that accounts can.
    private func permissionsUsedElsewhere() async throws -> Set<String> {
        let accounts = try await TestDatabase.withDatabase(.sqlite) { database in
            try await AccountHarness(database).useEveryPermission()
        }
        let sessions = FunctionHarness(password: "a")
        _ = try await sessions.call(.auth, "POST", "/", #"{"password":"a"}"#)
        return accounts.union(sessions.usedPermissions)
            .union(try await importAFile().usedPermissions)
    }

    /// Imports a file that changes after its first part.
    private func importAFile() async throws -> FunctionHarness {
        var harness = FunctionHarness()
        let memory = harness.memory
        harness.host = FakeHost([1, 2])
        harness.retention.uploads = .seconds(86_400)
        let (_, made) = try await harness.call(
            .importURL, "POST", "/", #"{"url":"https://media.example/a.mp4"}"#)
        guard let asset = made["assetId"]?.text.flatMap({ AssetID($0) }) else {
            throw HarnessError(text: "\(made)")
        }
        let keys = AssetKeys(owner: .local, asset: asset)
        var upload = try await memory.document(UploadRecord.self, at: keys.upload)
        upload?.uploadID = try await memory.createMultipartUpload(
            keys.media(fileName: "a.mp4"), options: PutOptions(contentType: "video/mp4"))
        try await memory.putDocument(upload, at: keys.upload)
        for turn in 0...1 {
            try await harness.deliver(keys.importRequest(turn).text, to: .importURL)
        }
        return harness
    }

    /// Starts exports while the database is down, then settles them.
    private func useCredits(_ asset: String, _ harness: inout FunctionHarness) async throws {
        let plans = Plans(
            currency: "USD", creditsPerCostUnit: 1_000,
            defaultPlan: Plan(name: "a", credits: 1_000), plans: [:])
        let time = harness.clock
        func ledger(_ address: String) throws -> CreditLedger {
            let address = try #require(DatabaseAddress(address))
            return CreditLedger(
                database: DatabaseSettings(address: address).database(), plans: plans,
                now: { time.now })
        }
        try await withTemporaryFolder { folder in
            harness.credits.ledger = try ledger("sqlite:/dev/null/none")
            let jobs = [try await harness.export(asset), try await harness.export(asset)]
            try await harness.advance(try await harness.batch(["d.mp4"]))
            harness.credits.ledger = try ledger("sqlite:\(folder)/a.sqlite")
            try await harness.deliver(harness.keys(jobs[0]).result.text, to: .notify)
            for age in [0, 7_200] {
                var services = harness.services(harness.allowed(.settleCredits, nil))
                let now = harness.clock.now + .seconds(age)
                services.now = { now }
                var context = FunctionHarness.context
                context.deadline = now + .seconds(60)
                _ = try await Registry.handler(.settleCredits, services)(Array("{}".utf8), context)
            }
            harness.credits.ledger = nil
        }
    }

    /// Announces an export to an endpoint that fails, and one whose event was lost.
    private func useWebhooks(
        _ asset: String, _ job: JobID, _ harness: FunctionHarness
    ) async throws {
        let path = "/api/webhooks/endpoints"
        let (_, made) = try await harness.call(
            .webhooks, "POST", path, #"{"url":"https://a.example/","events":["export.completed"]}"#)
        guard let id = made["id"]?.text,
            let keys = AssetID(asset).map({
                AssetKeys(owner: .local, asset: $0)
            })
        else { throw HarnessError(text: "\(made)") }
        harness.receiver.alwaysAnswer(.status(500))
        let batch = BatchID("batch_1700000000000_a").map { BatchKeys(owner: .local, batch: $0) }
        for key in [harness.keys(job).result, keys.record, batch?.result].compactMap({ $0 }) {
            for _ in 0..<2 { try await harness.deliver(key.text, to: .notify) }
        }
        _ = try await harness.call(
            .startExport, "POST", "/",
            FunctionHarness.edit(
                asset, more: #","callback":{"url":"https://a.example/","secretRef":"none"}"#))
        let late = FunctionHarness(memory: harness.memory)
        late.clock.advance(by: .seconds(400))
        _ = try await Registry.handler(
            .deliverWebhooks, late.services(harness.allowed(.deliverWebhooks, nil)))(
                Array("{}".utf8), FunctionHarness.context)
        let (_, tested) = try await harness.call(.webhooks, "POST", "\(path)/\(id)/test")
        _ = try await harness.call(
            .webhooks, "POST",
            "/api/webhooks/deliveries/\(tested["id"]?.text ?? "")/redeliver")
        _ = try await harness.call(.webhooks, "DELETE", "\(path)/\(id)")
    }

    /// Uploads more than is permitted, at once and in parts.
    private func exceedTheLimit(_ harness: FunctionHarness) async throws {
        var limited = harness
        limited.uploadBytesMax = 5
        for size in [5, 200_000_000] {
            let (_, grant) = try await harness.call(
                .initUpload, "POST", "/",
                #"{"filename":"a.mp4","contentType":"video/mp4","size":\#(size)}"#)
            guard case .string(let asset)? = grant["assetId"],
                case .string(let key)? = grant["key"]
            else { throw HarnessError(text: "\(grant)") }
            let bytes = [UInt8](repeating: 1, count: 6)
            if case .string(let upload)? = grant["uploadId"] {
                _ = try await harness.memory.uploadPart(
                    .bytes(bytes), number: 1, of: ObjectKey(key), uploadID: upload)
            } else {
                try await harness.memory.putObject(
                    .bytes(bytes), at: ObjectKey(key), options: PutOptions(contentType: "video/mp4")
                )
            }
            _ = try await limited.call(
                .completeUpload, "POST", "/", #"{"assetId":"\#(asset)"}"#)
        }
    }

    /// Removes what is due, and an owner with an export that runs.
    private func expireEverything(_ harness: FunctionHarness) async throws {
        // Without a retention of uploads, only the end of its grant removes an abandoned one.
        var keeping = harness
        keeping.retention.uploads = nil
        _ = try await keeping.call(
            .initUpload, "POST", "/", #"{"filename":"e.mp4","contentType":"video/mp4","size":4}"#)
        _ = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"d.mp4","contentType":"video/mp4","size":200000000}"#)
        _ = try await harness.export(try await harness.asset())
        let now: UnixTime = 1_700_000_000_000
        _ = try await harness.expire(at: now + .seconds(8 * 86_400))
        _ = try await harness.call(
            .removeOwner, "DELETE", "/api/owner", query: ["confirm": "local"])
        _ = try await harness.expire(at: now + .seconds(9 * 86_400))
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

    /// A renderer that is late finds the tombstone of its export.
    private func removeOneExport(_ asset: String, _ harness: FunctionHarness) async throws {
        let keys = harness.keys(try await harness.export(asset))
        try await harness.memory.putDocument(
            ExportTombstone(reason: .deleted, removedAt: 0), at: keys.tombstone)
        try await harness.memory.putDocument(["version": 1], at: keys.cancel)
        try await harness.deliver(
            keys.request(FunctionHarness.units[0]).text, to: .renderChunk)
        // One whose objects the store expired: its removal needs no second visit.
        let old = harness.keys(try await harness.export(asset))
        for key in harness.memory.keys where key.hasPrefix(old.prefix) {
            try await harness.memory.deleteObject(ObjectKey(key))
        }
        _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(old.job.text)")
    }

    /// Deletes an export whose last write is long ago.
    private func removeOldExport(_ asset: String, _ harness: FunctionHarness) async throws {
        let job = try await harness.export(asset)
        try await harness.run(job)
        let age = ExportTombstone.lateWriteTime + .seconds(1)
        harness.clock.advance(by: age)
        _ = try await harness.call(.removeJob, "DELETE", "/api/jobs/\(job.text)")
        // The deadline of the invocations is fixed.
        harness.clock.advance(by: .zero - age)
    }

    /// Refuses one form, renders and deletes one batch, and cancels another.
    private func useBatches(_ harness: FunctionHarness) async throws {
        _ = try await harness.form(["a.mp4"], fields: "{}")
        let batch = try await harness.batch(["a.mp4"])
        try await harness.advance(batch)
        try await harness.render(batch)
        let broken = try await harness.batch(["b.mp4"])
        let upload = try await harness.record(broken).files[0].assetID
        if let asset = AssetID(upload).map({ AssetKeys(owner: .local, asset: $0) }) {
            try await harness.memory.deleteObject(asset.record)
        }
        for keys in [batch, broken] {
            try await harness.advance(keys)
            _ = try await harness.status(keys)
            _ = try await harness.call(.removeJob, "DELETE", "/api/jobs/\(keys.batch.text)")
        }
        let cancelled = try await harness.batch(["c.mp4"])
        try await harness.sweep()
        _ = try await harness.call(.removeJob, "DELETE", "/api/jobs/\(cancelled.batch.text)")
        try await harness.advance(cancelled)
    }

    /// Finds a damaged chunk in a stitch, and one in the cache for a stream.
    private func damageUnits(_ asset: String, _ harness: FunctionHarness) async throws {
        let failure = FFmpegError(.frameCountMismatch(planned: 2, written: 1), "It is short.")
        let job = try await harness.export(asset)
        let broken = FunctionHarness(
            renderer: FakeRenderer(
                stitchFailure: failure, streamFailure: failure, damagedKey: "cache/"),
            memory: harness.memory)
        try await broken.run(job)
        let (_, answer) = try await harness.call(
            .startExport, "POST", "/",
            FunctionHarness.edit(asset).replacing(#""fps":30"#, with: #""fps":30,"hls":true"#))
        if let text = answer["jobId"]?.text, let job = JobID(text) {
            for unit in FunctionHarness.units {
                try? await broken.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
            }
        }
        for permission in broken.usedPermissions { harness.use(permission) }
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

    /// Saves a project, one of an upload too, exports it and removes it.
    private func saveProject(_ harness: FunctionHarness) async throws {
        let path = "/api/projects/film"
        for body in ["{}", #"{"editKey":"uploads/local/none.json"}"#] {
            _ = try await harness.call(.projects, "PUT", path, body)
        }
        _ = try await harness.call(
            .startExport, "POST", "/api/export", #"{"projectId":"film"}"#)
        _ = try await harness.call(.projects, "DELETE", path)
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
