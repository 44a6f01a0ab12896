import Jobs
import ObjectStore
import RenderPlans
import WallClock

/// Objects that a removal deleted; a part of the response to a DELETE.
struct RemovalReport: Encodable, Hashable, Sendable {
    /// Text of the `JobID`.
    var jobId: String
    /// Cause of the removal: the first one, if the export was removed before.
    var reason: RemovalReason
    /// RFC 3339; the time at which the removal began.
    var removedAt: String
    /// Number of objects that this call deleted.
    var objects = 0
    /// Size of these objects.
    var bytes = 0
}

/// Removes an export: its tombstone first, then its objects.
///
/// Safe to repeat, to run twice at once and to be killed at any step: the entry in the index of
/// due work is written before anything else and deleted last, so the sweep finishes what was
/// begun. A running export is cancelled first. A writer that is late looks for the tombstone
/// after its last write (`cleanUp`): either it sees the tombstone and deletes its own objects, or
/// it wrote before the tombstone and the removal lists them. A writer that dies in between is
/// cleaned up after by the sweep, which visits the export until `lateWriteTime` has passed.
struct ExportRemoval: Sendable {
    let bucket: any Bucket
    let now: @Sendable () -> UnixTime

    /// - Throws: the store's error; the sweep or the next call continues.
    func remove(
        _ keys: ExportKeys, reason: RemovalReason
    ) async throws(ObjectStoreError) -> RemovalReport {
        let ledger = ExportLedger(bucket: bucket, keys: keys, now: now)
        let listing = try await ledger.listing()
        let tombstone = try await mark(keys, reason)
        try await stop(ledger, listing)
        var report = RemovalReport(
            jobId: keys.job.text, reason: tombstone.reason,
            removedAt: tombstone.removedAt.rfc3339)
        try await deleteObjects(of: keys, &report)
        if tombstone.reason == .deleted { try await bucket.deleteObject(keys.recent) }
        try await bucket.deleteObject(keys.active)
        let lastActivity = listing.lastActivity(now: now())
        if lastActivity.map({ now() - $0 > ExportTombstone.lateWriteTime }) ?? true {
            try await bucket.deleteObject(Self.dueEntry(keys, tombstone).key)
        }
        return report
    }

    /// Deletes what a late writer left in an export that is removed; nothing in any other.
    func cleanUp(_ keys: ExportKeys) async throws(ObjectStoreError) {
        guard try await bucket.objectExists(keys.tombstone) else { return }
        var report = RemovalReport(jobId: keys.job.text, reason: .deleted, removedAt: "")
        try await deleteObjects(of: keys, &report)
    }

    /// Entry by which the sweep finds a removal that may not be finished.
    static func dueEntry(_ keys: ExportKeys, _ tombstone: ExportTombstone) -> DueEntry {
        DueEntry(at: tombstone.removedAt, owner: keys.owner, .export(keys.job))
    }

    /// Writes the tombstone unless there is one.
    /// - Returns: the stored tombstone.
    private func mark(
        _ keys: ExportKeys, _ reason: RemovalReason
    ) async throws(ObjectStoreError) -> ExportTombstone {
        if let stored = try await tombstone(of: keys) { return stored }
        let fresh = ExportTombstone(reason: reason, removedAt: now())
        try await bucket.putMarker(Self.dueEntry(keys, fresh).key)
        if try await bucket.createDocument(fresh, at: keys.tombstone) { return fresh }
        return try await tombstone(of: keys) ?? fresh
    }

    private func tombstone(
        of keys: ExportKeys
    ) async throws(ObjectStoreError) -> ExportTombstone? {
        try await bucket.document(ExportTombstone.self, at: keys.tombstone)
    }

    /// Cancels an export that runs. One without a plan never ran, or is half removed: its plan is
    /// deleted before its result.
    private func stop(
        _ ledger: ExportLedger, _ listing: ExportListing
    ) async throws(ObjectStoreError) {
        if listing.hasPlan, !listing.hasResult {
            try await ledger.cancel()
            try await releaseCompanions(of: ledger)
        } else if !listing.hasCancel {
            try await bucket.putDocument(["version": 1], at: ledger.keys.cancel)
        }
    }

    /// Requests the units of the exports that wait for this one's render.
    private func releaseCompanions(of ledger: ExportLedger) async throws(ObjectStoreError) {
        guard let plan = try await bucket.document(RenderPlan.self, at: ledger.keys.plan),
            plan.companions?.isEmpty == false
        else { return }
        for unit in plan.audioUnits + plan.chunks.map(RenderUnit.video) {
            try await SharedUnits(of: unit, plan, leader: ledger).request()
        }
    }

    /// Deletes the objects below the export's prefix, the result last; again until a listing
    /// finds none.
    private func deleteObjects(
        of keys: ExportKeys, _ report: inout RemovalReport
    ) async throws(ObjectStoreError) {
        for _ in 1...Self.roundCountMax {
            let found = try await bucket.listAllObjects(prefix: keys.prefix)
                .filter { !keys.staysAfterRemoval($0.key) }
            guard !found.isEmpty else { return }
            try await bucket.deleteAll(found.map(\.key).filter { $0 != keys.result })
            try await bucket.deleteAll(found.map(\.key).filter { $0 == keys.result })
            report.objects += found.count
            report.bytes += found.reduce(0) { $0 + $1.bytes }
        }
    }

    /// A writer that is at work may add objects between two listings.
    private static let roundCountMax = 3
}

extension Bucket {
    /// Writes an empty object whose key holds its facts.
    func putMarker(_ key: ObjectKey) async throws(ObjectStoreError) {
        try await putObject(.bytes([]), at: key, options: PutOptions(contentType: "text/plain"))
    }

    /// Deletes objects.
    /// - Throws: the error of the first object that the store refused to delete.
    func deleteAll(_ keys: [ObjectKey]) async throws(ObjectStoreError) {
        guard !keys.isEmpty else { return }
        if let (_, error) = try await deleteObjects(keys).first { throw error }
    }
}
