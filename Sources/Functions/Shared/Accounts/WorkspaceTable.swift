import Accounts
import Database
import JSON
import WallClock

/// A row of `workspaces`.
struct WorkspaceRow: Sendable {
    var id: String
    var slug: String
    var name: String
    var plan: String
    var createdAt: UnixTime
    /// Time of the request to delete it; nil for one in use.
    var deletedAt: UnixTime?

    init(_ row: Row) throws(DatabaseError) {
        id = try row.text("id")
        slug = try row.text("slug")
        name = try row.text("name")
        plan = try row.text("plan")
        createdAt = try row.time("created_ms")
        deletedAt = try row.optionalTime("deleted_ms")
    }

    /// The workspace as the API shows it.
    func document(role: WorkspaceRole?) -> JSONValue {
        var document: [String: JSONValue] = [
            "id": .string(id), "slug": .string(slug), "name": .string(name),
            "plan": .string(plan), "createdAt": .string(createdAt.rfc3339),
            "role": .optional(role?.rawValue), "deletedAt": .optional(deletedAt?.rfc3339),
        ]
        if let deletedAt {
            document["removedAt"] = .string((deletedAt + WorkspaceTable.grace).rfc3339)
        }
        return .object(document)
    }
}

/// A member's role in a workspace.
struct MembershipRow: Sendable {
    var workspaceID: String
    var role: WorkspaceRole
}

/// Statements on `workspaces` and `members`.
enum WorkspaceTable {
    /// Time from the request to delete a workspace until its media is removed.
    static let grace = Duration.seconds(7 * 86_400)

    static let columns = "w.id, w.slug, w.name, w.plan, w.created_ms, w.deleted_ms"

    /// Creates a workspace with its owner.
    /// - Parameter slug: Nil makes one of the name; a taken one gets the suffix.
    /// - Throws: 409 at `/slug` for a taken one that was requested.
    static func create(
        id: String, name: String, slug: String?, slugSuffix: String, owner: String,
        time: UnixTime, _ connection: any DatabaseConnection
    ) throws {
        let made = AccountText.slug(ofName: name)
        let suffixed = "\(made)-\(slugSuffix.prefix(7))"
        for candidate in slug.map({ [$0] }) ?? [made, suffixed] {
            let added = try connection.change(
                """
                INSERT INTO workspaces(id, slug, name, plan, created_ms, changed_ms)
                VALUES ($1, $2, $3, 'free', $4, $4) ON CONFLICT(slug) DO NOTHING
                """, id, candidate, name, time)
            guard added == 1 else { continue }
            try connection.execute(
                """
                INSERT INTO members(workspace_id, user_id, role, joined_ms)
                VALUES ($1, $2, 'owner', $3)
                """, id, owner, time)
            return
        }
        throw slugTaken
    }

    static let slugTaken = Problem(
        status: 409, title: "Conflict", detail: "The slug is taken.",
        faults: [FieldFault(pointer: "/slug", detail: "is taken")], error: "Slug taken")

    /// A workspace by ID or slug, also one that is being deleted.
    static func workspace(
        _ name: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> WorkspaceRow? {
        let column = name.hasPrefix("ws-") ? "id" : "slug"
        guard
            let row = try connection.first(
                "SELECT \(columns) FROM workspaces w WHERE w.\(column) = $1", name)
        else { return nil }
        return try WorkspaceRow(row)
    }

    /// The membership of a user in a workspace that is in use.
    /// - Parameter name: ID or slug; nil finds none.
    static func membership(
        of userID: String, in name: String?, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> MembershipRow? {
        guard let name, let workspace = try workspace(name, connection),
            workspace.deletedAt == nil
        else { return nil }
        return try role(of: userID, in: workspace.id, connection)
            .map { MembershipRow(workspaceID: workspace.id, role: $0) }
    }

    static func role(
        of userID: String, in workspaceID: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> WorkspaceRole? {
        try connection.first(
            "SELECT role FROM members WHERE workspace_id = $1 AND user_id = $2", workspaceID,
            userID
        ).flatMap { row throws(DatabaseError) in WorkspaceRole(rawValue: try row.text("role")) }
    }

    /// The workspaces of a user, the oldest first.
    static func workspaces(
        of userID: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> [(workspace: WorkspaceRow, role: WorkspaceRole)] {
        let rows = try connection.query(
            """
            SELECT \(columns), m.role FROM members m JOIN workspaces w ON w.id = m.workspace_id
            WHERE m.user_id = $1 ORDER BY w.created_ms, w.id
            """, userID)
        var found: [(WorkspaceRow, WorkspaceRole)] = []
        for row in rows {
            guard let role = WorkspaceRole(rawValue: try row.text("role")) else { continue }
            found.append((try WorkspaceRow(row), role))
        }
        return found
    }

    /// Number of members.
    static func memberCount(
        of workspaceID: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> Int {
        try connection.first(
            "SELECT COUNT(*) AS count FROM members WHERE workspace_id = $1", workspaceID)?
            .integer("count") ?? 0
    }
}
