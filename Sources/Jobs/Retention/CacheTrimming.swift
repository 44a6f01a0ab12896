package import ObjectStore
package import WallClock

/// A chunk in the cache with the time of its last use.
package struct CachedChunk: Hashable, Sendable {
    /// Key below `cache/`.
    package var key: ObjectKey
    /// Size of the object.
    package var bytes: Int
    /// Time at which it was rendered or last found by an export.
    package var lastUse: UnixTime

    /// A chunk.
    package init(key: ObjectKey, bytes: Int, lastUse: UnixTime) {
        self.key = key
        self.bytes = bytes
        self.lastUse = lastUse
    }
}

/// Chooses the chunks to remove from a cache that is too large. Pure.
package enum CacheTrimming {
    /// Share of the limit that a removal leaves, so that the next one is not due at once.
    private static let target = 0.9
    /// Difference between the clocks of the store and of the functions.
    package static let clockSkew = Duration.seconds(60)

    /// The least recently used chunks, until the rest has at most 90 % of the limit. Empty while
    /// the cache is within its limit.
    /// - Parameter oldestActive: Acceptance of the oldest export that runs. Its receipts name
    ///   only chunks that were used since, so those stay.
    package static func chunksToRemove(
        of chunks: [CachedChunk], bytesMax: Int, oldestActive: UnixTime?
    ) -> [CachedChunk] {
        var bytes = chunks.reduce(0) { $0 + $1.bytes }
        guard bytes > bytesMax else { return [] }
        let wanted = Int(Double(bytesMax) * target)
        var removed: [CachedChunk] = []
        for chunk in chunks.sorted(by: { ($0.lastUse, $0.key) < ($1.lastUse, $1.key) }) {
            if let oldestActive, chunk.lastUse >= oldestActive - clockSkew { break }
            guard bytes > wanted else { break }
            removed.append(chunk)
            bytes -= chunk.bytes
        }
        return removed
    }
}

extension ExportKeys {
    /// Prefix of every rendered unit.
    package static let cachePrefix = "cache/"
    /// Prefix of the marks of last use.
    package static let usePrefix = "used/"

    /// Mark whose age is the time since an export found the unit in the cache.
    package static func use(of unit: ObjectKey) -> ObjectKey {
        ObjectKey(usePrefix + unit.text.dropFirst(cachePrefix.count))
    }
}
