import EmulatorDatabase
import WallClock

/// A multipart upload that is not complete.
struct MultipartUploadRecord: Sendable {
    var id: String
    var key: [UInt8]
    var headers: [String: String]
    var created: UnixTime
}

/// One stored part of a multipart upload.
struct PartRecord: Sendable, Equatable {
    var number: Int
    var etag: String
    var bytes: Int
    var blob: String
    var modified: UnixTime
    /// Checksums in base64 by header name, always with CRC-64/NVME except for parts of an
    /// earlier version.
    var checksums: [String: String]
}

extension ObjectIndex {
    /// - Throws: `.noSuchBucket`.
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

    /// Uploads below a prefix, sorted by key, then by upload ID.
    func uploads(_ bucket: String, prefix: [UInt8], limit: Int) throws -> [MultipartUploadRecord] {
        try requireBucket(bucket)
        let end = Self.successor(prefix) ?? [255]
        return try connection.query(
            """
            SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, id LIMIT ?
            """, bucket, prefix, end, limit
        ).map { try Self.uploadRecord($0) }
    }

    /// The parts of an upload, sorted by number.
    func parts(_ uploadID: String) throws -> [PartRecord] {
        try connection.query("SELECT * FROM parts WHERE upload_id = ? ORDER BY number", uploadID)
            .map { row in
                PartRecord(
                    number: try row.integer("number"), etag: try row.text("etag"),
                    bytes: try row.integer("size"), blob: try row.text("blob"),
                    modified: try row.time("modified_ms"),
                    checksums: try StoredJSON.decode(try row.text("checksums")))
            }
    }

    /// Stores a part and replaces the one with the same number.
    func putPart(_ part: PartRecord, of uploadID: String) throws {
        let old = try connection.query(
            "SELECT blob FROM parts WHERE upload_id = ? AND number = ?", uploadID, part.number)
        for row in old { try scheduleUnlink(blob: try row.text("blob")) }
        try connection.execute(
            """
            INSERT OR REPLACE INTO parts(upload_id, number, etag, size, blob, modified_ms, checksums)
            VALUES(?,?,?,?,?,?,?)
            """, uploadID, part.number, part.etag, part.bytes, part.blob,
            part.modified, try StoredJSON.encode(part.checksums))
    }

    /// Removes an upload and schedules the blobs of its parts for removal.
    /// - Parameter kept: Blobs that now belong to an object.
    func removeUpload(_ id: String, keeping kept: Set<String> = []) throws {
        for part in try parts(id) where !kept.contains(part.blob) {
            try scheduleUnlink(blob: part.blob)
        }
        try connection.execute("DELETE FROM parts WHERE upload_id = ?", id)
        try connection.execute("DELETE FROM uploads WHERE id = ?", id)
    }

    /// Records a completed upload, so that completing it again succeeds.
    func noteCompleted(_ id: String, _ bucket: String, _ key: [UInt8], etag: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO completed_uploads VALUES(?,?,?,?,?)", id, bucket, key, etag,
            now)
    }

    /// The ETag of a completed upload; nil if it is not complete.
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
            created: try row.time("created_ms"))
    }
}
