package import ObjectStore
import WallClock

/// An entry in an owner's list of exports and batches: `recent/{owner}/{age}/…`.
///
/// Newest first. A batch precedes its own exports, and both follow each other without a gap.
package enum RecentEntry: Hashable, Sendable {
    /// An export that belongs to no batch: `…/{job}`.
    case export(ExportKeys)
    /// A batch: `…/{batch}`.
    case batch(BatchKeys)
    /// An export of a batch: `…/{batch}/{job}`.
    case output(ExportKeys, BatchKeys)

    /// Reads a key; nil for any other key.
    package init?(_ key: ObjectKey) {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard (4...5).contains(parts.count), parts[0] == "recent",
            let owner = OwnerID(String(parts[1]))
        else { return nil }
        let batch = BatchID(String(parts[3])).map { BatchKeys(owner: owner, batch: $0) }
        let export = JobID(String(parts[parts.count - 1]))
            .map { ExportKeys(owner: owner, job: $0) }
        switch (parts.count, batch, export) {
        case (4, let batch?, _): self = .batch(batch)
        case (4, nil, let export?): self = .export(export)
        case (5, let batch?, let export?): self = .output(export, batch)
        default: return nil
        }
    }

    /// The entry's key.
    package var key: ObjectKey {
        switch self {
        case .export(let keys): ObjectKey(Self.stem(keys.owner, keys.job.time) + keys.job.text)
        case .batch(let keys): ObjectKey(Self.stem(of: keys))
        case .output(let keys, let batch):
            ObjectKey("\(Self.stem(of: batch))/\(keys.job.text)")
        }
    }

    /// A key behind the entries of the batch's exports: a listing that starts after it skips
    /// them.
    package static func end(of batch: BatchKeys) -> String { stem(of: batch) + "/~" }

    /// Prefix of every entry of one owner.
    package static func prefix(of owner: OwnerID) -> String { "recent/\(owner.text)/" }

    private static func stem(of batch: BatchKeys) -> String {
        stem(batch.owner, batch.batch.time) + batch.batch.text
    }

    private static func stem(_ owner: OwnerID, _ time: UnixTime) -> String {
        "\(prefix(of: owner))\(NewestFirst.text(of: time))/"
    }
}
