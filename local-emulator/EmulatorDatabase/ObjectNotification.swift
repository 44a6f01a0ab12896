/// What a bucket's notification configuration asks for, one function at a time.
package struct ObjectNotification: Sendable, Equatable {
    package var bucket: String
    /// The configuration's own name.
    package var id: String
    /// The function's name, without the rest of its ARN.
    package var function: String
    package var filter: ObjectEventFilter

    package init(bucket: String, id: String, function: String, filter: ObjectEventFilter) {
        self.bucket = bucket
        self.id = id
        self.function = function
        self.filter = filter
    }

    /// Makes the table if the file has none.
    static func create(in connection: Connection) throws(DatabaseError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS object_notifications(
              bucket TEXT NOT NULL, id TEXT NOT NULL, function TEXT NOT NULL,
              events TEXT NOT NULL, prefix TEXT NOT NULL, suffix TEXT NOT NULL,
              PRIMARY KEY(bucket, id)) WITHOUT ROWID
            """)
    }

    /// Puts these in the place of all that the bucket had.
    package static func replace(
        of bucket: String, with notifications: [ObjectNotification], in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute("DELETE FROM object_notifications WHERE bucket = ?", bucket)
        for one in notifications {
            try connection.execute(
                "INSERT INTO object_notifications VALUES(?,?,?,?,?,?)", bucket, one.id,
                one.function, one.filter.events.joined(separator: " "), one.filter.prefix,
                one.filter.suffix)
        }
    }

    /// Those of all buckets.
    package static func all(
        in connection: Connection
    ) throws(DatabaseError) -> [ObjectNotification] {
        var found: [ObjectNotification] = []
        for row in try connection.query("SELECT * FROM object_notifications") {
            found.append(
                ObjectNotification(
                    bucket: try row.text("bucket"), id: try row.text("id"),
                    function: try row.text("function"),
                    filter: ObjectEventFilter(
                        events: try row.text("events").split(separator: " ").map(String.init),
                        prefix: try row.text("prefix"), suffix: try row.text("suffix"))))
        }
        return found
    }
}
