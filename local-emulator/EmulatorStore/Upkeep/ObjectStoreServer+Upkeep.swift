import EmulatorDatabase
import Logging

extension ObjectStoreServer {
    /// How long a completed upload can be completed again: 7 days.
    private static let completedMilliseconds = 7 * 24 * 3_600_000

    /// Makes files and index agree after a crash and says what it mended:
    /// unreferenced blobs go, objects whose blob is gone are reported.
    func reconcile() async throws {
        let files = try await blobs.all()
        let (referenced, dead) = try await database.read { connection in
            var referenced: [String: Int] = [:]
            for row in try connection.query(
                "SELECT blob, size FROM objects WHERE blob IS NOT NULL "
                    + "UNION ALL SELECT blob, size FROM pieces "
                    + "UNION ALL SELECT blob, size FROM parts")
            {
                referenced[try row.text("blob")] = try row.integer("size")
            }
            let dead = try connection.query("SELECT blob FROM dead_blobs").map {
                try $0.text("blob")
            }
            return (referenced, dead)
        }
        // There are no readers yet, so unreferenced blobs need no grace.
        let orphans = files.keys.filter { referenced[$0] == nil }
        await blobs.remove(orphans)
        try await database.transaction { connection in
            for blob in dead {
                try connection.execute("DELETE FROM dead_blobs WHERE blob = ?", blob)
            }
        }
        let missing = referenced.keys.filter { files[$0] == nil }.count
        let wrong = referenced.filter { files[$0.key] != nil && files[$0.key] != $0.value }.count
        if orphans.count + missing + wrong > 0 {
            let fields: [String: LogValue] = [
                "blobsRemoved": .integer(orphans.count), "bodiesMissing": .integer(missing),
                "bodiesOfWrongSize": .integer(wrong),
            ]
            if missing + wrong > 0 {
                logger.error("Objects without bodies found", fields)
            } else {
                logger.info("Remains of an interrupted run removed", fields)
            }
        }
    }

    /// Unlinks replaced bodies whose grace is over and forgets old completed
    /// uploads. Call it every few seconds.
    package func tidy() async throws {
        let now = configuration.now()
        let due = try await database.read { connection in
            try connection.query(
                "SELECT blob FROM dead_blobs WHERE unlink_ms <= ? LIMIT 1000", now
            ).map { try $0.text("blob") }
        }
        let dead = due.filter { !blobs.isPinned($0) }
        await blobs.remove(dead)
        try await database.transaction { connection in
            for blob in dead {
                try connection.execute("DELETE FROM dead_blobs WHERE blob = ?", blob)
            }
            try connection.execute(
                "DELETE FROM completed_uploads WHERE completed_ms < ?",
                now - Self.completedMilliseconds)
        }
        try await applyLifecycle()
    }
}
