import Jobs
import ObjectStore
import WallClock

/// Keeps the chunk cache within its size limit: removes the least recently used chunks.
///
/// Two listings give sizes and times; no object is read. A chunk that a running export needs is
/// not removed, and one that is lost in a race is rendered again (`StitchDecision`).
struct CacheTrim: Sendable {
    let bucket: any Bucket
    let bytesMax: Int

    /// - Returns: the number of chunks that were removed.
    func perform() async throws -> Int {
        var uses: [ObjectKey: UnixTime] = [:]
        for try await mark in bucket.objects(prefix: ExportKeys.usePrefix) {
            uses[mark.key] = mark.lastModified
        }
        var chunks: [CachedChunk] = []
        for try await object in bucket.objects(prefix: ExportKeys.cachePrefix) {
            let use = uses[ExportKeys.use(of: object.key)] ?? object.lastModified
            chunks.append(
                CachedChunk(
                    key: object.key, bytes: object.bytes, lastUse: max(use, object.lastModified)))
        }
        let removed = CacheTrimming.chunksToRemove(
            of: chunks, bytesMax: bytesMax, oldestActive: try await oldestActive())
        try await bucket.deleteAll(removed.map(\.key))
        try await bucket.deleteAll(
            removed.map { ExportKeys.use(of: $0.key) }.filter { uses[$0] != nil })
        return removed.count
    }

    private func oldestActive() async throws -> UnixTime? {
        try await bucket.listAllObjects(prefix: ExportKeys.activePrefix).compactMap {
            JobID(String($0.key.text.dropFirst(ExportKeys.activePrefix.count)))?.time
        }.min()
    }
}
