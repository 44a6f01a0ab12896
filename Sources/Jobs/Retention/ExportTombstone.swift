package import ObjectStore
package import WallClock

/// Cause of a removal.
package enum RemovalReason: String, Hashable, Sendable, Codable {
    /// A client removed it.
    case deleted
    /// Its retention is over.
    case expired
}

/// Record of a removed export: `exports/{owner}/{job}/removed.json`.
///
/// Written with `If-None-Match: *` before the first object is deleted: the first reason and time
/// stay. `cancel.json` stays next to it, so that a renderer that is late stops as for a cancel.
package struct ExportTombstone: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Cause of the removal.
    package var reason: RemovalReason
    /// Time at which the removal began.
    package var removedAt: UnixTime

    /// A removal that begins at `removedAt`.
    package init(reason: RemovalReason, removedAt: UnixTime) {
        self.reason = reason
        self.removedAt = removedAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, reason, removedAt = "removedAtMilliseconds"
    }

    /// Age of the newest object, or of the tombstone, after which no function can still write to
    /// the export: the longest invocation on Lambda is 15 minutes.
    package static let lateWriteTime = Duration.seconds(16 * 60)
}

extension ExportKeys {
    /// The `ExportTombstone`; exists once a removal has begun.
    package var tombstone: ObjectKey { ObjectKey(prefix + Self.tombstoneName) }

    static let tombstoneName = "removed.json"

    /// True for the objects that stay after a removal: the tombstone and the request to stop.
    package func staysAfterRemoval(_ key: ObjectKey) -> Bool { key == tombstone || key == cancel }
}
