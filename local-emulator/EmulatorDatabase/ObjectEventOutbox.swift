package import WallClock

/// One change of an object, for the functions that its bucket notifies.
package struct ObjectEvent: Hashable, Sendable {
    /// Row ID in the outbox; nil before the event is appended.
    package var id: Int?
    /// Name of the bucket.
    package var bucket: String
    /// Key of the object, not encoded.
    package var key: String
    /// Event name without `s3:`, for instance `ObjectCreated:Put`.
    package var eventName: String
    /// Size of the object; 0 for a removal.
    package var bytes: Int
    /// ETag without quotes; empty for a removal.
    package var etag: String
    /// Hexadecimal, of fixed width; a later change of a key has a greater one.
    package var sequencer: String
    /// Milliseconds since 1970.
    package var time: UnixTime
    /// Request ID of the change.
    package var requestID: String

    /// An event.
    package init(
        id: Int? = nil, bucket: String, key: String, eventName: String, bytes: Int, etag: String,
        sequencer: String, time: UnixTime, requestID: String
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        self.eventName = eventName
        self.bytes = bytes
        self.etag = etag
        self.sequencer = sequencer
        self.time = time
        self.requestID = requestID
    }
}

/// Events that were committed with their objects and are not queued yet. The reader
/// removes them in the transaction that queues them.
package enum ObjectEventOutbox {
    /// Creates the tables if they are missing.
    package static func create(in connection: Connection) throws(DatabaseError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS object_event_outbox(
              id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL,
              event_name TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
              sequencer TEXT NOT NULL, time_ms INTEGER NOT NULL, request_id TEXT NOT NULL)
            """)
        try ObjectNotification.create(in: connection)
    }

    /// Appends an event, inside the transaction that changes the object.
    package static func append(
        _ event: ObjectEvent, in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO object_event_outbox(
              bucket, key, event_name, size, etag, sequencer, time_ms, request_id)
            VALUES(?,?,?,?,?,?,?,?)
            """,
            event.bucket, event.key, event.eventName, event.bytes, event.etag, event.sequencer,
            event.time, event.requestID)
    }

    /// The oldest events, in order of appending.
    package static func oldest(
        limit: Int, in connection: Connection
    ) throws(DatabaseError) -> [ObjectEvent] {
        let rows = try connection.query(
            "SELECT * FROM object_event_outbox ORDER BY id LIMIT ?", limit)
        var events: [ObjectEvent] = []
        for row in rows {
            events.append(
                ObjectEvent(
                    id: try row.integer("id"), bucket: try row.text("bucket"),
                    key: try row.text("key"), eventName: try row.text("event_name"),
                    bytes: try row.integer("size"), etag: try row.text("etag"),
                    sequencer: try row.text("sequencer"),
                    time: try row.time("time_ms"),
                    requestID: try row.text("request_id")))
        }
        return events
    }

    /// Removes events, inside the transaction that queues them.
    package static func remove(
        _ ids: [Int], in connection: Connection
    ) throws(DatabaseError) {
        for id in ids {
            try connection.execute("DELETE FROM object_event_outbox WHERE id = ?", id)
        }
    }
}
