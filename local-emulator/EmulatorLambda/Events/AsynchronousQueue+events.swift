package import EmulatorDatabase
package import WallClock

/// The way of object events into the queue, and out of it unserved.
extension AsynchronousQueue {
    /// Time in the outbox that counts into the age of an event; more is time for which the process
    /// was down or the clock was set.
    private static let outboxTimeMax = Duration.seconds(60)

    /// Moves events from the outbox into the queue of each function whose filter
    /// matches, in one transaction: no event is lost or duplicated.
    /// - Parameter bucket: The bucket of the catalogue's filters; other buckets
    ///   have their own notification configurations.
    /// - Parameter delays: Returns the delay of each delivery of an event.
    /// - Parameter running: Invocations that are not withdrawn.
    /// - Returns: true if the outbox may contain more events.
    package static func takeOver(
        from catalog: FunctionCatalog, bucket: String, region: String, now: UnixTime,
        limit: Int, delays: () -> [Duration] = { [.zero] }, makeRequestID: () -> String,
        running: Set<Int> = [], in connection: Connection
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
                if event.bucket == bucket {
                    try withdraw(function, after: event, running: running, in: connection)
                }
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
                            objectKey: event.key,
                            eventTime: max(event.time, now - outboxTimeMax)),
                        function: function.name, now: now,
                        delay: delay, in: connection)
                }
            }
        }
        try ObjectEventOutbox.remove(events.compactMap(\.id), in: connection)
        return events.count == limit
    }

    /// Removes the invocations of a folder whose work an object ends, such as `cancel.json`,
    /// unless an attempt was made.
    private static func withdraw(
        _ function: FunctionDefinition, after event: ObjectEvent, running: Set<Int>,
        in connection: Connection
    ) throws(DatabaseError) {
        guard event.eventName.hasPrefix("ObjectCreated"),
            let name = function.withdrawnBy.first(where: { event.key.hasSuffix("/" + $0) })
        else { return }
        let folder = String(event.key.dropLast(name.count))
        let rows = try connection.query(
            """
            SELECT id FROM async_invocation
            WHERE function = ? AND owner = ? AND attempts = 0 AND object_key >= ?
              AND object_key < ?
            """, function.name, QueuePlace(objectKey: event.key).owner, folder,
            folder + "\u{10FFFF}")
        for row in rows {
            let id = try row.integer("id")
            if !running.contains(id) { try remove(id: id, in: connection) }
        }
    }

    /// Moves the times of the queue after the clock was set, so that ages and delays stay.
    /// - Parameter jump: Negative for back.
    package static func shift(
        by jump: Duration, now: UnixTime, in connection: Connection
    ) throws(DatabaseError) {
        // Rows that were written since have the new time.
        let bound = jump > .zero ? "created_ms < ?" : "created_ms > ?"
        let limit = jump > .zero ? now - jump / 2 : now
        let milliseconds = Int(jump / .milliseconds(1))
        try connection.execute(
            """
            UPDATE async_invocation SET created_ms = created_ms + ?, due_ms = due_ms + ?
            WHERE \(bound)
            """, milliseconds, milliseconds, limit)
    }

    /// Makes due what waits for a time further off than any delay: its clock was set back.
    package static func bringForward(
        now: UnixTime, delayMax: Duration, in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute(
            "UPDATE async_invocation SET due_ms = ? WHERE due_ms > ?", now, now + delayMax)
    }

    /// Restarts the ages at a start: time for which the process was down does not count.
    package static func restartAges(
        now: UnixTime, in connection: Connection
    ) throws(DatabaseError) {
        try connection.execute("UPDATE async_invocation SET created_ms = ?", now)
    }
}
