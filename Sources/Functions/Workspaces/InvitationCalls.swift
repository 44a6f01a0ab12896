import Accounts
import Database
import Jobs
import JSON
import LambdaRuntime
import WallClock

/// Calls about invitations to a workspace.
struct InvitationCalls: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Time in which an invitation can be accepted.
    static let lifetime = Duration.seconds(7 * 86_400)
    /// Invitations that wait at the same time in one workspace.
    static let pendingCountMax = 100

    /// The invitations of the workspace, the newest first.
    func list(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.account()
        let time = calls.now
        let invitations = try await calls.accounts.read { connection -> [JSONValue] in
            let (workspace, _) = try WorkspaceCalls.found(name, for: account, .invite, connection)
            return try Self.documents(
                "workspace_id", workspace.id, at: time, connection)
        }
        return .json(status: 200, ["invitations": .array(invitations)] as JSONValue)
    }

    /// The newest 200 invitations with a value in a column.
    static func documents(
        _ column: StaticString, _ value: String, at time: UnixTime,
        _ connection: any DatabaseConnection
    ) throws -> [JSONValue] {
        let rows = try connection.query(
            """
            SELECT id, workspace_id, email, role, status, invited_by, created_ms, expires_ms
            FROM invitations WHERE \(column) = $1 ORDER BY created_ms DESC, id LIMIT 200
            """, value)
        return try rows.map { row in
            let end = try row.time("expires_ms")
            let status = try row.text("status")
            return [
                "id": .string(try row.text("id")), "email": .string(try row.text("email")),
                "workspaceId": .string(try row.text("workspace_id")),
                "role": .string(try row.text("role")),
                "status": .string(status == "pending" && end <= time ? "expired" : status),
                "invitedBy": .string(try row.text("invited_by")),
                "createdAt": .string(try row.time("created_ms").rfc3339),
                "expiresAt": .string(end.rfc3339),
            ]
        }
    }

    /// Invites an address; one that was invited before gets another message.
    func create(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let email = fields.email("email")
        let role = fields.role("role")
        try fields.check()
        let (calls, time, id) = (calls, calls.now, calls.newID("inv"))
        let document = try await calls.accounts.write { connection -> JSONValue in
            let (workspace, own) = try WorkspaceCalls.found(name, for: account, .view, connection)
            if case .refused(let rule) = MembershipDecision.inviting(by: own, to: role) {
                throw Problem.refused(rule)
            }
            let pending = try connection.first(
                """
                SELECT COUNT(*) AS count FROM invitations
                WHERE workspace_id = $1 AND status = 'pending' AND expires_ms > $2
                """, workspace.id, time)
            guard try (pending?.integer("count") ?? 0) < Self.pendingCountMax else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "\(Self.pendingCountMax) invitations wait already.")
            }
            // The newest invitation of an address counts.
            try connection.execute(
                """
                UPDATE invitations SET status = 'revoked', token_hash = NULL
                WHERE workspace_id = $1 AND email = $2 AND status = 'pending'
                """, workspace.id, email)
            try connection.execute(
                """
                INSERT INTO invitations(id, workspace_id, email, role, status, invited_by,
                  created_ms, expires_ms) VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7)
                """, id, workspace.id, email, role.rawValue, account.userID, time,
                time + Self.lifetime)
            try calls.audit(
                "invitation.create", by: account.userID, subject: id, workspaceID: workspace.id,
                change: ["after": ["role": .string(role.rawValue)]]
            ).add(connection)
            return try Self.documents("id", id, at: time, connection).first ?? .null
        }
        try await calls.requestMail(AccountMailRequest(.invitation, subject: id))
        return .json(status: 201, document)
    }

    /// Takes an invitation back.
    func revoke(_ name: String, _ id: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let calls = calls
        try await calls.accounts.write { connection in
            let (workspace, _) = try WorkspaceCalls.found(name, for: account, .invite, connection)
            let changed = try connection.change(
                """
                UPDATE invitations SET status = 'revoked', token_hash = NULL
                WHERE id = $1 AND workspace_id = $2 AND status = 'pending'
                """, id, workspace.id)
            guard changed == 1 else { throw Problem.notFound }
            try calls.audit(
                "invitation.revoke", by: account.userID, subject: id, workspaceID: workspace.id
            ).add(connection)
        }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }

    /// Makes the caller a member. The invitation is for the caller's own address.
    func accept() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let text = fields.text("token", lengthMax: 200)
        try fields.check()
        guard let token = OpaqueToken(text), token.kind == .step else {
            throw SignUp.invalidToken
        }
        let (calls, time) = (calls, calls.now)
        let document = try await calls.accounts.write { connection -> JSONValue in
            guard
                let row = try connection.first(
                    """
                    SELECT id, workspace_id, email, role FROM invitations
                    WHERE token_hash = $1 AND status = 'pending' AND expires_ms > $2
                    """, token.hash, time),
                let user = try UserTable.user(id: account.userID, connection),
                let workspace = try WorkspaceTable.workspace(
                    try row.text("workspace_id"), connection), workspace.deletedAt == nil
            else { throw SignUp.invalidToken }
            guard user.email == (try row.text("email")) else {
                throw Problem(
                    status: 403, title: "Forbidden",
                    detail: "The invitation is for another e-mail address.")
            }
            try connection.execute(
                """
                INSERT INTO members(workspace_id, user_id, role, joined_ms)
                VALUES ($1, $2, $3, $4) ON CONFLICT(workspace_id, user_id) DO NOTHING
                """, workspace.id, user.id, try row.text("role"), time)
            try connection.execute(
                "UPDATE invitations SET status = 'accepted', token_hash = NULL WHERE id = $1",
                try row.text("id"))
            try calls.audit(
                "invitation.accept", by: user.id, subject: try row.text("id"),
                workspaceID: workspace.id
            ).add(connection)
            let role = try WorkspaceTable.role(of: user.id, in: workspace.id, connection)
            return workspace.document(role: role)
        }
        return .json(status: 200, document)
    }
}
