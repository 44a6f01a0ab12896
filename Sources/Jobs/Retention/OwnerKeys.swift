package import ObjectStore
package import WallClock

/// Every family of objects that an owner has, and the keys of the removal of all of them.
package struct OwnerKeys: Hashable, Sendable {
    /// The owner.
    package let owner: OwnerID

    /// Keys of one owner.
    package init(_ owner: OwnerID) { self.owner = owner }

    /// First segments of the keys whose second is the owner, in the order of removal: what an
    /// export reads goes after the exports.
    package static let families = [
        "exports", "recent", "tokens", "projects", "project-list", "batches", "webhooks",
        "deliveries", "notices", "secrets", "asset-list", "assets", "uploads", "used", "cache",
    ]

    /// Prefixes of everything but the exports, which are removed one by one.
    package var prefixes: [String] {
        Self.families.filter { $0 != "exports" }.map { "\($0)/\(owner.text)/" }
    }

    /// Prefix of the owner's exports.
    package var exportPrefix: String { "exports/\(owner.text)/" }

    /// Name after every export's prefix, for a listing that skips an export's objects.
    package func end(of job: JobID) -> String { "\(exportPrefix)\(job.text)/\u{10FFFF}" }

    /// The `OwnerRemovalRecord`.
    package var removal: ObjectKey { ObjectKey("owners/\(owner.text)/removal.json") }

    /// Entry by which the removal is continued.
    package func dueEntry(_ record: OwnerRemovalRecord) -> DueEntry {
        DueEntry(at: record.startedAt, owner: owner, .everything)
    }
}

/// Progress of the removal of everything of an owner: `owners/{owner}/removal.json`.
package struct OwnerRemovalRecord: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Time of the request.
    package var startedAt: UnixTime
    /// Time at which nothing was left but tombstones.
    package var emptiedAt: UnixTime?
    /// Time at which no late writer was left and the tombstones were deleted.
    package var finishedAt: UnixTime?
    /// Number of exports that were removed.
    package var exports = 0
    /// Number of objects that were deleted.
    package var objects = 0
    /// Size of these objects.
    package var bytes = 0

    /// A removal that begins at `startedAt`.
    package init(startedAt: UnixTime) { self.startedAt = startedAt }

    private enum CodingKeys: String, CodingKey {
        case version, startedAt = "startedAtMilliseconds", emptiedAt = "emptiedAtMilliseconds"
        case finishedAt = "finishedAtMilliseconds", exports, objects, bytes
    }

    /// Steps of the removal.
    package enum Phase: Hashable, Sendable {
        /// Exports and objects are being deleted.
        case removing
        /// Everything is deleted; functions that began before may still write.
        case waiting
        /// Delete what late functions wrote, and the tombstones.
        case cleaning
        /// Nothing is left.
        case finished
    }

    /// The step at a time.
    package func phase(now: UnixTime) -> Phase {
        if finishedAt != nil { return .finished }
        guard let emptiedAt else { return .removing }
        return now - emptiedAt > ExportTombstone.lateWriteTime ? .cleaning : .waiting
    }
}
