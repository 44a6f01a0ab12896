import EmulatorDatabase
import FoundationEssentials
import WallClock

/// An object in the index.
struct ObjectRecord: Sendable {
    var key: [UInt8]
    var etag: String
    var bytes: Int
    var modified: UnixTime
    /// Response headers by lower-case name, including `x-amz-meta-`.
    var headers: [String: String]
    var place: BodyPlace
    /// CRC-64/NVME in base64; empty for an object that an earlier version stored.
    var crc64: String
    /// Bytes of each part of a multipart upload, in order; empty for others.
    var partSizes: [Int]

    init(_ row: Row) throws {
        key = try row.blob("key")
        etag = try row.text("etag")
        bytes = try row.integer("size")
        modified = try row.time("modified_ms")
        headers = try StoredJSON.decode(try row.text("headers"))
        if let id = try row.optionalInteger("inline_id") {
            place = .inline(id)
        } else if let id = try row.optionalText("pieces") {
            place = .pieces(id)
        } else {
            place = .blob(try row.text("blob"))
        }
        crc64 = try row.text("crc64")
        partSizes = try StoredJSON.decode(try row.text("part_sizes"))
    }
}

/// The location of a body, as the index has it.
enum BodyPlace: Sendable, Equatable {
    /// In the database, by row ID.
    case inline(Int)
    case blob(String)
    /// Several blobs, by the ID of the body in the table `pieces`.
    case pieces(String)
}

/// An object to be written.
struct NewObject: Sendable {
    var bucket: String
    var key: [UInt8]
    var etag: String
    var bytes: Int
    var headers: [String: String]
    var body: StoredBody
    /// CRC-64/NVME in base64; empty where it is unknown.
    var crc64: String
    var partSizes: [Int] = []
    var condition: WritePrecondition
    /// Name of the event, for instance `ObjectCreated:Put`.
    var eventName: String
}

/// `If-Match` and `If-None-Match` of a write, checked in its transaction.
struct WritePrecondition: Sendable, Equatable {
    var ifMatch: String?
    var ifNoneMatch: String?

    /// Checks the condition against the existing object.
    /// - Throws: `.preconditionFailed`; `.noSuchKey` for `If-Match` without an object.
    func check(_ existing: ObjectRecord?) throws {
        if let ifMatch {
            guard let existing else { throw S3Error.noSuchKey }
            if !ETags.contains(ifMatch, existing.etag) { throw S3Error.preconditionFailed }
        }
        if let ifNoneMatch, let existing, ETags.contains(ifNoneMatch, existing.etag) {
            throw S3Error.preconditionFailed
        }
    }
}

/// Lists of entity tags in header fields.
enum ETags {
    /// True if the list is `*` or contains the ETag, which has no quotes.
    static func contains(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").contains { item in
            let item = item.filter { $0 != " " && $0 != "\"" }
            return item == "*" || item == etag || item == "W/" + etag
        }
    }
}

/// JSON in text columns.
enum StoredJSON {
    static func encode(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ text: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(text.utf8))
    }
}

/// Reads and writes of the index, inside one transaction.
struct ObjectIndex {
    let connection: Connection
    /// Instant of the transaction.
    let now: UnixTime
    /// Request ID for the events.
    let requestID: String
    /// Time from the replacement of a body to its removal.
    let deletionGrace: Duration

    /// Checks that a bucket exists.
    /// - Throws: `.noSuchBucket`.
    func requireBucket(_ name: String) throws {
        if try connection.query("SELECT 1 FROM buckets WHERE name = ?", name).isEmpty {
            throw S3Error.noSuchBucket
        }
    }

    /// The object with a key; nil if there is none.
    func object(_ bucket: String, _ key: [UInt8]) throws -> ObjectRecord? {
        try connection.query("SELECT * FROM objects WHERE bucket = ? AND key = ?", bucket, key)
            .first.map { try ObjectRecord($0) }
    }

    /// The source of a range of a body.
    func source(_ place: BodyPlace, _ range: Range<Int>) throws -> BodySource {
        switch place {
        case .inline(let id):
            let bytes = try inlineBytes(id)
            guard range.upperBound <= bytes.count else { throw Self.bodyMissing }
            return .bytes(Array(bytes[range]))
        case .blob(let id): return .blobs([BlobSlice(blob: id, range: range)])
        case .pieces(let id): return .blobs(try pieces(id, range))
        }
    }

    private static let bodyMissing = S3Error(.internalError, "The body of the object is missing.")

    private func inlineBytes(_ id: Int) throws -> [UInt8] {
        let rows = try connection.query("SELECT bytes FROM inline_bodies WHERE id = ?", id)
        guard let row = rows.first else { throw Self.bodyMissing }
        return try row.blob("bytes")
    }

    /// Writes an object, replaces an existing one and appends the event.
    /// - Throws: `.noSuchBucket`, `.noSuchKey`, `.preconditionFailed`.
    func put(_ object: NewObject) throws {
        try requireBucket(object.bucket)
        let existing = try self.object(object.bucket, object.key)
        try object.condition.check(existing)
        if let existing { try scheduleUnlink(existing) }
        var inlineID: Int?
        var blob: String?
        var pieces: String?
        switch object.body {
        case .blob(let id): blob = id
        case .pieces(let parts): pieces = try addPieces(parts)
        case .inline(let bytes):
            try connection.execute("INSERT INTO inline_bodies(bytes) VALUES(?)", bytes)
            inlineID = connection.lastInsertRowID
        }
        let sequencer = try nextSequencer()
        try connection.execute(
            """
            INSERT OR REPLACE INTO objects(bucket, key, etag, size, modified_ms, headers, blob,
              inline_id, part_sizes, sequencer, pieces, crc64) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)
            """, object.bucket, object.key, object.etag, object.bytes, now,
            try StoredJSON.encode(object.headers), blob, inlineID,
            try StoredJSON.encode(object.partSizes), sequencer, pieces, object.crc64)
        try emit(
            object.eventName, object.bucket, object.key, bytes: object.bytes, etag: object.etag,
            sequencer: sequencer)
    }

    /// Removes an object and appends the event.
    /// - Returns: False if there was no object.
    /// - Throws: `.noSuchBucket`, `.preconditionFailed`.
    func delete(
        _ bucket: String, _ key: [UInt8], _ condition: DeletePrecondition = DeletePrecondition()
    ) throws -> Bool {
        try requireBucket(bucket)
        guard let existing = try object(bucket, key) else { return false }
        try condition.check(existing)
        try scheduleUnlink(existing)
        try connection.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", bucket, key)
        try emit(
            "ObjectRemoved:Delete", bucket, key, bytes: 0, etag: "",
            sequencer: try nextSequencer())
        return true
    }

    /// Schedules the removal of a blob after the grace, for readers that are about to open it.
    func scheduleUnlink(blob: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO dead_blobs VALUES(?,?)", blob,
            (now + deletionGrace))
    }

    private func scheduleUnlink(_ object: ObjectRecord) throws {
        switch object.place {
        case .blob(let blob): try scheduleUnlink(blob: blob)
        case .pieces(let id): try deletePieces(id)
        case .inline(let id):
            try connection.execute("DELETE FROM inline_bodies WHERE id = ?", id)
        }
    }

    /// Sequencer of the next event: one counter for all keys, in 16 hexadecimal digits.
    private func nextSequencer() throws -> String {
        let rows = try connection.query(
            "UPDATE store_sequence SET value = value + 1 WHERE id = 1 RETURNING value")
        let digits = String(try rows.first?.integer("value") ?? 0, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }

    private func emit(
        _ eventName: String, _ bucket: String, _ key: [UInt8], bytes: Int, etag: String,
        sequencer: String
    ) throws {
        let event = ObjectEvent(
            bucket: bucket, key: String(decoding: key, as: UTF8.self), eventName: eventName,
            bytes: bytes, etag: etag, sequencer: sequencer, time: now,
            requestID: requestID)
        try ObjectEventOutbox.append(event, in: connection)
    }
}
