import EmulatorDatabase

/// A multipart upload that is under way.
struct MultipartUploadRecord: Sendable {
    var id: String
    var key: [UInt8]
    var headers: [String: String]
    var createdMilliseconds: Int
}

/// One stored part of a multipart upload.
struct PartRecord: Sendable, Equatable {
    var number: Int
    var etag: String
    var bytes: Int
    var blob: String
    var modifiedMilliseconds: Int
    /// Base64 by header name; that of CRC-64/NVME always, but for parts of an
    /// earlier version.
    var checksums: [String: String]
}

extension ObjectIndex {
    func createUpload(
        _ id: String, _ bucket: String, _ key: [UInt8], headers: [String: String]
    ) throws {
        try requireBucket(bucket)
        try connection.execute(
            "INSERT INTO uploads VALUES(?,?,?,?,?)", id, bucket, key,
            try StoredJSON.encode(headers), now)
    }

    /// - Throws: `.noSuchBucket`, `.noSuchUpload`.
    func upload(_ id: String, _ bucket: String, _ key: [UInt8]) throws -> MultipartUploadRecord {
        try requireBucket(bucket)
        let rows = try connection.query(
            "SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?", id, bucket, key)
        guard let row = rows.first else { throw S3Error.noSuchUpload }
        return try Self.uploadRecord(row)
    }

    /// In the order of keys, then of upload IDs.
    func uploads(_ bucket: String, prefix: [UInt8], limit: Int) throws -> [MultipartUploadRecord] {
        try requireBucket(bucket)
        let end = Self.successor(prefix) ?? [255]
        return try connection.query(
            """
            SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, id LIMIT ?
            """, bucket, prefix, end, limit
        ).map { try Self.uploadRecord($0) }
    }

    /// In the order of their numbers.
    func parts(_ uploadID: String) throws -> [PartRecord] {
        try connection.query("SELECT * FROM parts WHERE upload_id = ? ORDER BY number", uploadID)
            .map { row in
                PartRecord(
                    number: try row.integer("number"), etag: try row.text("etag"),
                    bytes: try row.integer("size"), blob: try row.text("blob"),
                    modifiedMilliseconds: try row.integer("modified_ms"),
                    checksums: try StoredJSON.decode(try row.text("checksums")))
            }
    }

    /// A part of the same number is replaced.
    func putPart(_ part: PartRecord, of uploadID: String) throws {
        let old = try connection.query(
            "SELECT blob FROM parts WHERE upload_id = ? AND number = ?", uploadID, part.number)
        for row in old { try moveToDeadLetters(blob: try row.text("blob")) }
        try connection.execute(
            """
            INSERT OR REPLACE INTO parts(upload_id, number, etag, size, blob, modified_ms, checksums)
            VALUES(?,?,?,?,?,?,?)
            """, uploadID, part.number, part.etag, part.bytes, part.blob,
            part.modifiedMilliseconds, try StoredJSON.encode(part.checksums))
    }

    /// Forgets the upload; its parts' blobs are queued for unlinking.
    /// - Parameter kept: the blobs that became the object's.
    func removeUpload(_ id: String, keeping kept: Set<String> = []) throws {
        for part in try parts(id) where !kept.contains(part.blob) {
            try moveToDeadLetters(blob: part.blob)
        }
        try connection.execute("DELETE FROM parts WHERE upload_id = ?", id)
        try connection.execute("DELETE FROM uploads WHERE id = ?", id)
    }

    /// Remembers how an upload ended, so that completing it again succeeds.
    func noteCompleted(_ id: String, _ bucket: String, _ key: [UInt8], etag: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO completed_uploads VALUES(?,?,?,?,?)", id, bucket, key, etag,
            now)
    }

    /// The ETag that completing the upload gave; nil when it never was.
    func completedETag(_ id: String, _ bucket: String, _ key: [UInt8]) throws -> String? {
        try connection.query(
            "SELECT etag FROM completed_uploads WHERE id = ? AND bucket = ? AND key = ?", id,
            bucket, key
        ).first?.text("etag")
    }

    private static func uploadRecord(_ row: Row) throws -> MultipartUploadRecord {
        MultipartUploadRecord(
            id: try row.text("id"), key: try row.blob("key"),
            headers: try StoredJSON.decode(try row.text("headers")),
            createdMilliseconds: try row.integer("created_ms"))
    }
}
