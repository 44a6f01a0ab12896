import Database
import JSON
import WallClock

/// An entry of the audit trail. Entries are only added; they name users by ID alone.
struct AuditEntry: Sendable {
    /// `usr-…`, or the function that acted on a schedule.
    var actor: String
    /// Room and action: `session.create`, `workspace.delete`.
    var action: String
    /// The ID of what was changed.
    var subject: String
    /// The workspace whose administrators may read the entry; nil for none.
    var workspaceID: String?
    /// The client's address.
    var sourceIP: String
    /// What changed, without secrets: members `before` and `after`.
    var change: JSONValue?

    /// Adds the entry in the transaction of the change.
    /// - Parameter random: Text that makes the ID unique within a millisecond.
    func add(
        at time: UnixTime, random: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        let digits = String(time.milliseconds)
        let id = String(repeating: "0", count: max(0, 15 - digits.count)) + digits + "-" + random
        try connection.execute(
            """
            INSERT INTO audit_entries(id, time_ms, actor, action, subject, workspace_id, source_ip,
              change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """, id, time, actor, action, subject, workspaceID, sourceIP,
            change.map { String(decoding: $0.bytes, as: UTF8.self) })
    }
}

/// Reads the audit trail.
enum AuditTable {
    /// Entries, the newest first, before one of them.
    /// - Parameters:
    ///   - filter: `workspace_id` or `actor` with its value; nil for all entries.
    ///   - before: ID of an entry; nil begins with the newest.
    static func page(
        _ filter: (column: Column, value: String)?, before: String?, limit: Int,
        _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> [JSONValue] {
        let condition = filter.map { "\($0.column.rawValue) = $3 AND" } ?? ""
        let sql = """
            SELECT id, time_ms, actor, action, subject, workspace_id, source_ip, change
            FROM audit_entries WHERE \(condition) id < $1 ORDER BY id DESC LIMIT $2
            """
        // Every ID begins with 0: fifteen digits of milliseconds.
        let start = before ?? "9"
        let rows =
            if let filter {
                try connection.query(sql, start, limit, filter.value)
            } else {
                try connection.query(sql, start, limit)
            }
        var entries: [JSONValue] = []
        for row in rows {
            let change = try row.optionalText("change")
            entries.append([
                "id": .string(try row.text("id")), "time": .string(try row.time("time_ms").rfc3339),
                "actor": .string(try row.text("actor")),
                "action": .string(try row.text("action")),
                "subject": .string(try row.text("subject")),
                "workspaceId": .optional(try row.optionalText("workspace_id")),
                "sourceIp": .string(try row.text("source_ip")),
                "change": change.flatMap { try? JSONValue(parsing: Array($0.utf8)) } ?? .null,
            ])
        }
        return entries
    }

    /// Columns by which entries are found.
    enum Column: String {
        case workspace = "workspace_id"
        case actor
    }
}
