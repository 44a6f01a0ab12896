import Jobs
import JSON
import ObjectStore
import WallClock

/// Removes everything of an owner, in steps that may be repeated or killed.
///
/// The record marks the removal: while it is not finished, `refuseNewWork` refuses uploads and
/// exports. Everything is deleted first. After `lateWriteTime` no function that began before can
/// write, so a second pass deletes what was late, and the tombstones. A URL that was granted
/// before outlives both: a third pass deletes uploads that have no record.
struct OwnerRemoval: Sendable {
    let owner: OwnerID
    let bucket: any Bucket
    let now: @Sendable () -> UnixTime

    private var keys: OwnerKeys { OwnerKeys(owner) }

    /// Progress of the last removal; nil if there was none.
    func record() async throws(ObjectStoreError) -> OwnerRemovalRecord? {
        try await bucket.document(OwnerRemovalRecord.self, at: keys.removal)
    }

    /// Marks the removal; one that is under way continues.
    func begin() async throws(ObjectStoreError) {
        if let known = try await record(), known.finishedAt == nil {
            try await bucket.putMarker(keys.dueEntry(known).key)
            return
        }
        let fresh = OwnerRemovalRecord(startedAt: now())
        try await bucket.putMarker(keys.dueEntry(fresh).key)
        try await bucket.putDocument(fresh, at: keys.removal)
    }

    /// Continues the removal until the time is up.
    /// - Returns: the progress; nil if no removal was requested.
    func advance(until deadline: UnixTime) async throws -> OwnerRemovalRecord? {
        guard var record = try await record() else { return nil }
        switch record.phase(now: now()) {
        case .waiting: break
        case .finished:
            try await deleteOrphans()
        case .removing:
            guard
                try await removeExports(&record, deadline),
                try await deleteFamilies(&record, deadline)
            else {
                try await bucket.putDocument(record, at: keys.removal)
                return record
            }
            record.emptiedAt = now()
            try await bucket.putDocument(record, at: keys.removal)
        case .cleaning:
            guard
                try await removeExports(&record, deadline),
                try await deleteFamilies(&record, deadline)
            else { return record }
            try await bucket.deleteAll(
                try await bucket.listAllObjects(prefix: keys.exportPrefix).map(\.key))
            try await deleteDueEntries()
            try await bucket.putMarker(
                DueEntry(at: now() + UploadLimits.grantLifetime, owner: owner, .everything).key)
            record.finishedAt = now()
            try await bucket.putDocument(record, at: keys.removal)
        }
        return record
    }

    /// - Throws: a 409 problem while the owner's data is removed.
    static func refuseNewWork(of owner: OwnerID, _ bucket: any Bucket) async throws {
        guard
            let record = try await bucket.document(
                OwnerRemovalRecord.self, at: OwnerKeys(owner).removal),
            record.finishedAt == nil
        else { return }
        throw Problem(
            status: 409, title: "Removal under way",
            detail: "Everything of this owner is being removed; try again in half an hour.",
            headers: ["retry-after": "1800"])
    }

    /// Removes the exports one by one; running ones are cancelled.
    /// - Returns: false when the time is up.
    private func removeExports(
        _ record: inout OwnerRemovalRecord, _ deadline: UnixTime
    ) async throws -> Bool {
        let removal = ExportRemoval(bucket: bucket, now: now)
        var last: String?
        while true {
            let page = try await bucket.listObjects(
                prefix: keys.exportPrefix, startAfter: last, keyCountMax: 1)
            guard let key = page.objects.first?.key else { return true }
            guard now() < deadline else { return false }
            guard let (export, _) = ExportKeys.parse(key) else {
                try await bucket.deleteObject(key)
                continue
            }
            let report = try await removal.remove(export, reason: .deleted)
            try await bucket.deleteObject(export.pointer)
            if report.objects > 0 { record.exports += 1 }
            record.objects += report.objects
            record.bytes += report.bytes
            last = keys.end(of: export.job)
        }
    }

    /// Deletes the owner's entries in the index of due work: their subjects are gone.
    private func deleteDueEntries() async throws {
        for try await object in bucket.objects(prefix: DueEntry.prefix) {
            guard let entry = DueEntry(object.key), entry.owner == owner,
                entry.subject != .everything
            else { continue }
            try await bucket.deleteObject(object.key)
        }
    }

    /// Deletes uploads that no record names: their URLs were granted before the removal.
    private func deleteOrphans() async throws {
        for try await object in bucket.objects(prefix: AssetKeys.uploadPrefix(of: owner)) {
            guard let asset = AssetKeys(uploadKey: object.key),
                try await !bucket.objectExists(asset.upload)
            else { continue }
            try await bucket.deleteObject(object.key)
        }
    }

    /// - Returns: false when the time is up.
    private func deleteFamilies(
        _ record: inout OwnerRemovalRecord, _ deadline: UnixTime
    ) async throws -> Bool {
        for prefix in keys.prefixes {
            while true {
                let page = try await bucket.listObjects(
                    prefix: prefix, startAfter: nil, keyCountMax: 1_000)
                guard !page.objects.isEmpty else { break }
                guard now() < deadline else { return false }
                try await bucket.deleteAll(page.objects.map(\.key))
                record.objects += page.objects.count
                record.bytes += page.objects.reduce(0) { $0 + $1.bytes }
            }
        }
        return true
    }
}
