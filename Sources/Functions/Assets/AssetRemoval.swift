import Jobs
import JSON
import ObjectStore
import RenderPlans
import WallClock

/// Removes an asset with its upload and everything that was made of it.
///
/// The record goes first: from then on no edit can use the asset. The upload record goes last: it
/// shows an interrupted removal, which the next DELETE finishes, or `expire` by the entry in the
/// index of due work.
struct AssetRemoval: Sendable {
    let keys: AssetKeys
    let bucket: any Bucket
    let now: @Sendable () -> UnixTime

    /// The response: what was removed.
    struct Report: Encodable {
        var id: String
        /// Number of objects.
        var objects: Int
        /// Size of these objects.
        var bytes: Int
    }

    /// - Throws: a 404 problem for an unknown asset, 409 while an export reads it.
    func perform() async throws -> Report {
        guard let upload = try await bucket.document(UploadRecord.self, at: keys.upload) else {
            throw Problem.assetNotFound
        }
        let due = DueEntry(at: now(), owner: keys.owner, .asset(keys.asset))
        try await bucket.putMarker(due.key)
        // Before the search: a new export sees the mark, or the search sees the export.
        try await bucket.putDocument(AssetRemovalMark(startedAt: now()), at: keys.removal)
        if let job = try await readingExport() {
            try await bucket.deleteObject(keys.removal)
            try await bucket.deleteObject(due.key)
            throw Problem.assetInUse(job)
        }
        var removed = try await bucket.objectInfo(keys.record).map { [$0] } ?? []
        try await bucket.deleteObject(keys.record)
        if let uploadID = upload.uploadID {
            try await abort(ObjectKey(upload.key), uploadID)
        }
        removed += try await remove(keys.mediaPrefix)
        removed += try await remove(keys.prefix)
        try await bucket.deleteAll(
            ([nil] + AssetKeys.Kind.allCases).map {
                keys.listEntry($0, fileName: upload.fileName)
            } + [keys.removal])
        try await bucket.deleteObject(keys.upload)
        // A completion or derivation that ran at the same time may have written since, and a
        // granted URL may still be used.
        removed += try await remove(keys.prefix)
        let late = now() + UploadLimits.grantLifetime + ExportTombstone.lateWriteTime
        try await bucket.putMarker(DueEntry(at: late, owner: keys.owner, .asset(keys.asset)).key)
        try await bucket.deleteObject(due.key)
        return Report(
            id: keys.asset.text, objects: removed.count + 1,
            bytes: removed.reduce(0) { $0 + $1.bytes })
    }

    /// Deletes what was written after the removal; nothing of an asset that exists.
    func deleteLateWrites() async throws {
        guard try await !bucket.objectExists(keys.upload) else { return }
        for prefix in [keys.mediaPrefix, keys.prefix] {
            try await bucket.deleteAll(
                try await bucket.listAllObjects(prefix: prefix).map(\.key))
        }
    }

    /// An export of the owner that has not ended and reads the asset.
    private func readingExport() async throws -> JobID? {
        let active = try await bucket.listAllObjects(prefix: ExportKeys.activePrefix)
        let jobs = active.compactMap {
            JobID(String($0.key.text.dropFirst(ExportKeys.activePrefix.count)))
        }.filter { !$0.isInternal }
        return try await concurrentMap(jobs, limit: 16) { job -> JobID? in
            let export = ExportKeys(owner: keys.owner, job: job)
            guard let plan = try await bucket.document(RenderPlan.self, at: export.plan),
                plan.sources.contains(where: { $0.assetID == keys.asset.text }),
                try await !bucket.objectExists(export.result)
            else { return nil }
            return job
        }.compactMap { $0 }.first
    }

    /// Removes everything below a prefix except the two records of the removal.
    private func remove(_ prefix: String) async throws -> [ObjectInfo] {
        let found = try await bucket.listAllObjects(prefix: prefix)
            .filter { $0.key != keys.upload && $0.key != keys.removal }
        try await bucket.deleteAll(found.map(\.key))
        return found
    }

    /// Ends a multipart upload that may be complete or aborted already.
    private func abort(_ key: ObjectKey, _ uploadID: String) async throws {
        do throws(ObjectStoreError) {
            try await bucket.abortMultipartUpload(key, uploadID: uploadID)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }
}

extension Problem {
    /// 409 that names the export.
    fileprivate static func assetInUse(_ job: JobID) -> Problem {
        Problem(
            status: 409, title: "Asset in use",
            detail: "The export \(job.text) reads the asset. Wait for its end, or cancel it.",
            error: "Asset in use", members: ["jobId": .string(job.text)])
    }
}
