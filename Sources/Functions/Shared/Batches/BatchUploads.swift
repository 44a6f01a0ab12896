import Jobs
import ObjectStore
import RenderPlans

/// The files that were uploaded for one batch.
struct BatchUploads: Sendable {
    let bucket: any Bucket
    let keys: BatchKeys
    let record: BatchRecord

    private var assets: [AssetKeys] {
        record.files.filter(\.isUpload).compactMap { AssetID($0.assetID) }
            .map { AssetKeys(owner: keys.owner, asset: $0) }
    }

    /// True if an unfinished export or batch other than this one uses a file.
    func areRead() async throws -> Bool {
        let prefixes = assets.flatMap(\.prefixes)
        guard !prefixes.isEmpty else { return false }
        let markers = try await bucket.listAllObjects(prefix: ExportKeys.activePrefix)
        let answers = try await concurrentMap(markers, limit: 8) { marker in
            let text = String(marker.key.text.dropFirst(ExportKeys.activePrefix.count))
            if let other = BatchID(text) {
                return try await isUsed(by: other, at: marker.key)
            }
            guard let job = JobID(text) else { return false }
            return try await isRead(by: job, at: marker.key, below: prefixes)
        }
        return answers.contains(true)
    }

    /// Deletes the assets' records: an edit can no longer name them. Their bytes stay.
    func release() async throws {
        for asset in assets {
            try await bucket.deleteObject(asset.upload)
            try await bucket.deleteObject(asset.record)
        }
    }

    /// Deletes the files and everything that was made of them.
    func delete() async throws {
        for prefix in assets.flatMap(\.prefixes) {
            for object in try await bucket.listAllObjects(prefix: prefix) {
                try await bucket.deleteObject(object.key)
            }
        }
    }

    private func isUsed(by other: BatchID, at marker: ObjectKey) async throws -> Bool {
        guard other != keys.batch,
            let found = try await bucket.document(BatchMarker.self, at: marker),
            found.owner == keys.owner.text
        else { return false }
        let ledger = BatchKeys(owner: keys.owner, batch: other)
        guard try await !bucket.objectExists(ledger.result),
            let request = try await bucket.document(BatchRecord.self, at: ledger.record)
        else { return false }
        let mine = Set(assets.map(\.asset.text))
        return request.files.contains { mine.contains($0.assetID) }
    }

    private func isRead(
        by job: JobID, at marker: ObjectKey, below prefixes: [String]
    ) async throws -> Bool {
        guard let pointer = try await bucket.document(JobPointer.self, at: marker),
            pointer.owner == keys.owner.text, pointer.batch != keys.batch.text
        else { return false }
        let export = ExportKeys(owner: keys.owner, job: job)
        guard try await !bucket.objectExists(export.result),
            let plan = try await bucket.document(RenderPlan.self, at: export.plan)
        else { return false }
        return plan.sources.contains { source in
            prefixes.contains { source.key.hasPrefix($0) }
        }
    }
}
