import EmulatorDatabase

/// A byte range of a blob.
struct BlobSlice: Sendable, Equatable {
    var blob: String
    var range: Range<Int>
}

/// The location of requested bytes.
enum BodySource: Sendable, Equatable {
    case bytes([UInt8])
    /// Slices, in order.
    case blobs([BlobSlice])
}

/// Bodies that were uploaded in parts: the blobs of the parts stay as they are, so completing
/// an upload copies no bytes.
extension ObjectIndex {
    /// Adds a body.
    /// - Parameter parts: Blobs and their sizes, in order.
    /// - Returns: The ID of the body.
    func addPieces(_ parts: [(blob: String, bytes: Int)]) throws -> String {
        let id = BlobFolder.newID()
        var start = 0
        for part in parts where part.bytes > 0 {
            try connection.execute(
                "INSERT INTO pieces VALUES(?,?,?,?)", id, start, part.bytes, part.blob)
            start += part.bytes
        }
        return id
    }

    /// The slices of a range of the body, in order.
    func pieces(_ id: String, _ range: Range<Int>) throws -> [BlobSlice] {
        try connection.query(
            """
            SELECT start, size, blob FROM pieces
            WHERE id = ? AND start < ? AND start + size > ? ORDER BY start
            """, id, range.upperBound, range.lowerBound
        ).map { row in
            let (start, size) = (try row.integer("start"), try row.integer("size"))
            let wanted = range.clamped(to: start..<start + size)
            return BlobSlice(
                blob: try row.text("blob"),
                range: (wanted.lowerBound - start)..<(wanted.upperBound - start))
        }
    }

    /// Removes a body and schedules its blobs for removal.
    func deletePieces(_ id: String) throws {
        for row in try connection.query("SELECT blob FROM pieces WHERE id = ?", id) {
            try scheduleUnlink(blob: try row.text("blob"))
        }
        try connection.execute("DELETE FROM pieces WHERE id = ?", id)
    }
}
