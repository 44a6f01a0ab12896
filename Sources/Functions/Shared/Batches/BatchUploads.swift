import Jobs
import ObjectStore
import WallClock

/// The files that were uploaded for one batch.
struct BatchUploads: Sendable {
    let bucket: any Bucket
    let keys: BatchKeys
    let record: BatchRecord
    let now: @Sendable () -> UnixTime

    private var assets: [AssetKeys] {
        record.files.filter(\.isUpload).compactMap { AssetID($0.assetID) }
            .map { AssetKeys(owner: keys.owner, asset: $0) }
    }

    /// True if another batch of the owner that has not ended uses a file. Its exports may not
    /// exist yet, so no search of exports finds it.
    func areAwaited() async throws -> Bool {
        let mine = Set(assets.map(\.asset.text))
        guard !mine.isEmpty else { return false }
        for marker in try await bucket.listAllObjects(prefix: BatchKeys.activePrefix) {
            let text = String(marker.key.text.dropFirst(ExportKeys.activePrefix.count))
            guard let other = BatchID(text), other != keys.batch,
                let found = try await bucket.document(BatchMarker.self, at: marker.key),
                found.owner == keys.owner.text
            else { continue }
            let batch = BatchKeys(owner: keys.owner, batch: other)
            guard try await !bucket.objectExists(batch.result),
                let request = try await bucket.document(BatchRecord.self, at: batch.record)
            else { continue }
            if request.files.contains(where: { mine.contains($0.assetID) }) { return true }
        }
        return false
    }

    /// Deletes the files and everything that was made of them.
    /// - Returns: false if an export still reads one: that one stays.
    func delete() async throws -> Bool {
        var areAllDeleted = true
        for asset in assets {
            do {
                _ = try await AssetRemoval(keys: asset, bucket: bucket, now: now).perform()
            } catch let problem as Problem {
                // Deleted before, or read by another export.
                if problem.status != 404 { areAllDeleted = false }
            }
        }
        return areAllDeleted
    }
}
