/// One change of an object that functions may have asked to hear of.
package struct ObjectEvent: Hashable, Sendable {
    /// The outbox's number; nil before the event is appended.
    package var id: Int?
    package var bucket: String
    package var key: String
    /// Without `s3:`, for instance `ObjectCreated:Put`.
    package var eventName: String
    package var bytes: Int
    /// Without quotes; empty for a removal.
    package var etag: String
    /// Hexadecimal, of fixed width; a later change of a key has a greater one.
    package var sequencer: String
    /// Milliseconds since 1970.
    package var timeMilliseconds: Int
    package var requestID: String

    package init(
        id: Int? = nil, bucket: String, key: String, eventName: String, bytes: Int, etag: String,
        sequencer: String, timeMilliseconds: Int, requestID: String
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        self.eventName = eventName
        self.bytes = bytes
        self.etag = etag
        self.sequencer = sequencer
        self.timeMilliseconds = timeMilliseconds
        self.requestID = requestID
    }
}

/// Events that were committed with their objects and not yet taken over by the
/// function queue. The reader removes them in the transaction that queues them.
package enum ObjectEventOutbox {
    /// Makes the tables if the file has none.
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

    /// Called inside the transaction that changes the object.
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
            event.timeMilliseconds, event.requestID)
    }

    /// The events that wait longest, first in first out.
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
                    timeMilliseconds: try row.integer("time_ms"),
                    requestID: try row.text("request_id")))
        }
        return events
    }

    /// Takes events out once another table holds what they ask for.
    package static func remove(
        _ ids: [Int], in connection: Connection
    ) throws(DatabaseError) {
        for id in ids {
            try connection.execute("DELETE FROM object_event_outbox WHERE id = ?", id)
        }
    }
}
