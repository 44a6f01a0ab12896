import EmulatorDatabase
import Logging
import WallClock

extension ObjectStoreServer {
    /// Time in which a completed upload can be completed again.
    private static let completedUploadLifetime = Duration.seconds(7 * 24 * 3_600)

    /// Makes files and index consistent after a crash: removes unreferenced blobs and logs
    /// objects without their blobs.
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
                logger.error("Bodies of objects missing or truncated", fields)
            } else {
                logger.info("Leftovers of an interrupted run removed", fields)
            }
        }
    }

    /// Removes replaced bodies after their grace, records of old completed uploads and expired
    /// objects. Call it every minute or so.
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
                (now - Self.completedUploadLifetime))
        }
        try await applyLifecycle()
    }
}
