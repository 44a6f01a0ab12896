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
    /// Owner and length.
    package var place = QueuePlace(objectKey: nil)
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
              attempts INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '',
              is_long INTEGER NOT NULL DEFAULT 0)
            """)
        try addPlaces(in: connection)
        try connection.execute(
            """
            CREATE INDEX IF NOT EXISTS async_invocation_turn
            ON async_invocation(function, owner, is_long, due_ms, id)
            """)
        try connection.execute(
            "CREATE INDEX IF NOT EXISTS async_invocation_time ON async_invocation(due_ms)")
        try connection.execute("DROP INDEX IF EXISTS async_invocation_due")
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS dead_letter(
              id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL,
              request_id TEXT NOT NULL, payload BLOB NOT NULL, source TEXT NOT NULL,
              object_key TEXT, created_ms INTEGER NOT NULL, died_ms INTEGER NOT NULL,
              attempts INTEGER NOT NULL, condition TEXT NOT NULL, response BLOB NOT NULL)
            """)
    }

    /// Adds the columns of the place to the table of an earlier version.
    private static func addPlaces(in connection: Connection) throws(DatabaseError) {
        let known = try connection.query("PRAGMA table_info(async_invocation)")
        if known.contains(where: { (try? $0.text("name")) == "owner" }) { return }
        for column in ["owner TEXT NOT NULL DEFAULT ''", "is_long INTEGER NOT NULL DEFAULT 0"] {
            try connection.execute("ALTER TABLE async_invocation ADD COLUMN \(column)")
        }
        for row in try connection.query(
            "SELECT id, object_key FROM async_invocation WHERE object_key IS NOT NULL")
        {
            let place = QueuePlace(objectKey: try row.optionalText("object_key"))
            try connection.execute(
                "UPDATE async_invocation SET owner = ?, is_long = ? WHERE id = ?", place.owner,
                place.isLong ? 1 : 0, try row.integer("id"))
        }
    }

    /// Adds an invocation to the queue, due now or after a delay.
    package static func append(
        _ invocation: InvocationInput, function: String, now: UnixTime,
        delay: Duration = .zero, in connection: Connection
    ) throws(DatabaseError) {
        let place = QueuePlace(objectKey: invocation.objectKey)
        try connection.execute(
            """
            INSERT INTO async_invocation(
              function, request_id, payload, source, object_key, created_ms, due_ms, owner,
              is_long)
            VALUES(?,?,?,?,?,?,?,?,?)
            """,
            function, invocation.requestID,
            invocation.payload, invocation.source.rawValue, invocation.objectKey,
            invocation.eventTime ?? now,
            now + delay, place.owner, place.isLong ? 1 : 0)
    }

    /// The owners whose invocations of the function wait or run, by a seek for each.
    package static func owners(
        function: String, in connection: Connection
    ) throws(DatabaseError) -> [String] {
        let rows = try connection.query(
            """
            WITH RECURSIVE found(owner) AS (
              SELECT min(owner) FROM async_invocation WHERE function = ?1
              UNION ALL
              SELECT (SELECT min(owner) FROM async_invocation
                      WHERE function = ?1 AND owner > found.owner)
              FROM found WHERE owner IS NOT NULL)
            SELECT owner FROM found WHERE owner IS NOT NULL
            """, function)
        var owners: [String] = []
        for row in rows { owners.append(try row.text("owner")) }
        return owners
    }

    /// Reads the due invocations of one owner: short ones first, then by due time.
    package static func due(
        function: String, owner: String, now: UnixTime, limit: Int, in connection: Connection
    ) throws(DatabaseError) -> [QueuedInvocation] {
        var found: [QueuedInvocation] = []
        for isLong in [0, 1] where found.count < limit {
            let rows = try connection.query(
                """
                SELECT * FROM async_invocation
                WHERE function = ? AND owner = ? AND is_long = ? AND due_ms <= ?
                ORDER BY due_ms, id LIMIT ?
                """, function, owner, isLong, now, limit - found.count)
            for row in rows { found.append(try invocation(row)) }
        }
        return found
    }

    private static func invocation(_ row: Row) throws(DatabaseError) -> QueuedInvocation {
        QueuedInvocation(
            id: try row.integer("id"), function: try row.text("function"),
            requestID: try row.text("request_id"), payload: try row.blob("payload"),
            source: try row.text("source"), objectKey: try row.optionalText("object_key"),
            createdAt: try row.time("created_ms"),
            dueAt: try row.time("due_ms"),
            attempts: try row.integer("attempts"),
            place: QueuePlace(
                owner: try row.text("owner"), isLong: try row.integer("is_long") == 1))
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
        let letter = try connection.query("SELECT * FROM dead_letter WHERE id = ?", id).first
        let place = QueuePlace(objectKey: try letter?.optionalText("object_key"))
        try connection.execute(
            """
            INSERT INTO async_invocation(
              function, request_id, payload, source, object_key, created_ms, due_ms, owner,
              is_long)
            SELECT function, request_id, payload, source, object_key, ?, ?, ?, ?
            FROM dead_letter WHERE id = ?
            """, now, now, place.owner, place.isLong ? 1 : 0, id)
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
}
