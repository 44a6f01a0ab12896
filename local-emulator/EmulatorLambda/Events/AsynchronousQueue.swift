package import WallClock
package import EmulatorDatabase

/// An asynchronous invocation in the queue.
package struct QueuedInvocation: Sendable, Equatable {
    /// The row's number.
    package var id: Int
    /// The function's name.
    package var function: String
    /// The request ID, the same for every attempt.
    package var requestID: String
    /// The event as JSON.
    package var payload: [UInt8]
    /// The raw value of an `InvocationSource`.
    package var source: String
    /// The key of the object that caused the event; nil for other sources.
    package var objectKey: String?
    /// Time of queueing.
    package var createdAt: UnixTime
    /// Earliest time of the next attempt.
    package var dueAt: UnixTime
    /// Number of failed attempts.
    package var attempts: Int
}

/// An asynchronous invocation that was given up.
package struct DeadLetter: Sendable, Equatable {
    /// The dead letter's number.
    package var id: Int
    /// The function's name.
    package var function: String
    /// The request ID, the same for every attempt.
    package var requestID: String
    /// The key of the object that caused the event; nil for other sources.
    package var objectKey: String?
    /// Time of queueing.
    package var createdAt: UnixTime
    /// Time of the last failure.
    package var diedAt: UnixTime
    /// Number of failed attempts.
    package var attempts: Int
    /// `RetriesExhausted` or `EventAgeExceeded`.
    package var condition: String
    /// The event as JSON.
    package var payload: [UInt8]
    /// The last error document.
    package var response: [UInt8]
}

/// The queue of asynchronous invocations and its dead letters, in two tables.
///
/// A row stays until its invocation succeeds or is given up. An invocation that
/// was running when the process died is therefore due at the next start.
package enum AsynchronousQueue {
    /// Creates missing tables.
    package static func create(in connection: Connection) throws(DatabaseError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS async_invocation(
              id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL,
              request_id TEXT NOT NULL, payload BLOB NOT NULL, source TEXT NOT NULL,
              object_key TEXT, created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
              attempts INTEGER NOT NULL DEFAULT 0)
            """)
        try connection.execute(
            """
            CREATE INDEX IF NOT EXISTS async_invocation_due
            ON async_invocation(function, due_ms, id)
            """)
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS dead_letter(
              id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL,
              request_id TEXT NOT NULL, payload BLOB NOT NULL, source TEXT NOT NULL,
              object_key TEXT, created_ms INTEGER NOT NULL, died_ms INTEGER NOT NULL,
              attempts INTEGER NOT NULL, condition TEXT NOT NULL, response BLOB NOT NULL)
            """)
    }

    /// Adds an invocation to the queue, due now or after a delay.
    package static func append(
        _ invocation: InvocationInput, function: String, now: UnixTime,
        delay: Duration = .zero, in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO async_invocation(
              function, request_id, payload, source, object_key, created_ms, due_ms)
            VALUES(?,?,?,?,?,?,?)
            """,
            function, invocation.requestID,
            invocation.payload, invocation.source.rawValue, invocation.objectKey,
            invocation.eventTime ?? now,
            now + delay)
    }

    /// Reads the due invocations of a function, earliest due time first.
    package static func due(
        function: String, now: UnixTime, limit: Int, in connection: Connection
    ) throws(DatabaseError) -> [QueuedInvocation] {
        let rows = try connection.query(
            """
            SELECT * FROM async_invocation WHERE function = ? AND due_ms <= ?
            ORDER BY due_ms, id LIMIT ?
            """, function, now, limit)
        var found: [QueuedInvocation] = []
        for row in rows {
            found.append(
                QueuedInvocation(
                    id: try row.integer("id"), function: try row.text("function"),
                    requestID: try row.text("request_id"), payload: try row.blob("payload"),
                    source: try row.text("source"), objectKey: try row.optionalText("object_key"),
                    createdAt: try row.time("created_ms"),
                    dueAt: try row.time("due_ms"),
                    attempts: try row.integer("attempts")))
        }
        return found
    }

    /// Reads the earliest due time after `now`; nil for none.
    package static func nextDue(
        after now: UnixTime, in connection: Connection
    ) throws(DatabaseError) -> UnixTime? {
        try connection.query(
            "SELECT min(due_ms) AS due FROM async_invocation WHERE due_ms > ?", now
        ).first?.optionalInteger("due").map { UnixTime(milliseconds: $0) }
    }

    /// Removes an invocation that succeeded.
    package static func remove(id: Int, in connection: Connection) throws(DatabaseError) {
        try connection.execute("DELETE FROM async_invocation WHERE id = ?", id)
    }

    /// Schedules another attempt of an invocation that failed.
    package static func postpone(
        id: Int, attempts: Int, dueAt: UnixTime, in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute(
            "UPDATE async_invocation SET attempts = ?, due_ms = ? WHERE id = ?", attempts,
            dueAt, id)
    }

    /// Turns an invocation into a dead letter.
    package static func moveToDeadLetters(
        id: Int, attempts: Int, condition: String, response: [UInt8], now: UnixTime,
        in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO dead_letter(function, request_id, payload, source, object_key,
              created_ms, died_ms, attempts, condition, response)
            SELECT function, request_id, payload, source, object_key, created_ms, ?, ?, ?, ?
            FROM async_invocation WHERE id = ?
            """, now, attempts, condition, response, id)
        try remove(id: id, in: connection)
    }

    /// Reads the newest dead letters.
    package static func deadLetters(
        limit: Int, in connection: Connection
    ) throws(DatabaseError) -> [DeadLetter] {
        let rows = try connection.query(
            "SELECT * FROM dead_letter ORDER BY id DESC LIMIT ?", limit)
        var found: [DeadLetter] = []
        for row in rows {
            found.append(
                DeadLetter(
                    id: try row.integer("id"), function: try row.text("function"),
                    requestID: try row.text("request_id"),
                    objectKey: try row.optionalText("object_key"),
                    createdAt: try row.time("created_ms"),
                    diedAt: try row.time("died_ms"),
                    attempts: try row.integer("attempts"),
                    condition: try row.text("condition"), payload: try row.blob("payload"),
                    response: try row.blob("response")))
        }
        return found
    }

    /// Puts a dead letter back into the queue with all attempts available.
    /// - Returns: false if no dead letter has this number.
    package static func replay(
        deadLetter id: Int, now: UnixTime, in connection: Connection
    ) throws(DatabaseError) -> Bool {
        try connection.execute(
            """
            INSERT INTO async_invocation(
              function, request_id, payload, source, object_key, created_ms, due_ms)
            SELECT function, request_id, payload, source, object_key, ?, ?
            FROM dead_letter WHERE id = ?
            """, now, now, id)
        try connection.execute("DELETE FROM dead_letter WHERE id = ?", id)
        return connection.changes > 0
    }

    /// Counts the rows of each function, waiting or running.
    package static func depth(
        in connection: Connection
    ) throws(DatabaseError) -> [String: Int] {
        let rows = try connection.query(
            "SELECT function, count(*) AS depth FROM async_invocation GROUP BY function")
        var depth: [String: Int] = [:]
        for row in rows { depth[try row.text("function")] = try row.integer("depth") }
        return depth
    }

    /// True while a scheduled invocation of the function is waiting or running.
    package static func hasScheduled(
        function: String, in connection: Connection
    ) throws(DatabaseError) -> Bool {
        try !connection.query(
            "SELECT 1 FROM async_invocation WHERE function = ? AND source = 'schedule' LIMIT 1",
            function
        ).isEmpty
    }

    /// Moves events from the outbox into the queue of each function whose filter
    /// matches, in one transaction: no event is lost or duplicated.
    /// - Parameter bucket: The bucket of the catalogue's filters; other buckets
    ///   have their own notification configurations.
    /// - Parameter delays: Returns the delay of each delivery of an event.
    /// - Returns: true if the outbox may contain more events.
    package static func takeOver(
        from catalog: FunctionCatalog, bucket: String, region: String, now: UnixTime,
        limit: Int, delays: () -> [Duration] = { [.zero] }, makeRequestID: () -> String,
        in connection: Connection
    ) throws(DatabaseError) -> Bool {
        let events = try ObjectEventOutbox.oldest(limit: limit, in: connection)
        guard !events.isEmpty else { return false }
        let notifications =
            try ObjectNotification.all(in: connection)
            + catalog.functions.flatMap { function in
                function.objectEvents.map {
                    ObjectNotification(
                        bucket: bucket, id: function.name, function: function.name, filter: $0)
                }
            }
        for event in events {
            for function in catalog.functions {
                // A function named by two notifications is invoked once.
                let request = notifications.first {
                    $0.function == function.name && $0.bucket == event.bucket
                        && $0.filter.matches(eventName: event.eventName, key: event.key)
                }
                guard let request else { continue }
                let payload = objectEventPayload(event, region: region, configuration: request.id)
                for delay in delays() {
                    try append(
                        InvocationInput(
                            requestID: makeRequestID(), payload: payload, source: .event,
                            objectKey: event.key, eventTime: event.time),
                        function: function.name, now: now,
                        delay: delay, in: connection)
                }
            }
        }
        try ObjectEventOutbox.remove(events.compactMap(\.id), in: connection)
        return events.count == limit
    }
}
