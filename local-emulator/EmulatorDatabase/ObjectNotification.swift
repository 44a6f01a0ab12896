/// One function of a bucket's notification configuration.
package struct ObjectNotification: Sendable, Equatable {
    /// Name of the bucket.
    package var bucket: String
    /// ID of the configuration.
    package var id: String
    /// Name of the function, without the rest of its ARN.
    package var function: String
    /// The events that invoke it.
    package var filter: ObjectEventFilter

    /// A notification.
    package init(bucket: String, id: String, function: String, filter: ObjectEventFilter) {
        self.bucket = bucket
        self.id = id
        self.function = function
        self.filter = filter
    }

    /// Creates the table if it is missing.
    static func create(in connection: Connection) throws(DatabaseError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS object_notifications(
              bucket TEXT NOT NULL, id TEXT NOT NULL, function TEXT NOT NULL,
              events TEXT NOT NULL, prefix TEXT NOT NULL, suffix TEXT NOT NULL,
              PRIMARY KEY(bucket, id)) WITHOUT ROWID
            """)
    }

    /// Replaces all notifications of the bucket.
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

    /// The notifications of all buckets.
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
