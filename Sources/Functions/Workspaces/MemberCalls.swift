import WallClock
import Accounts
import Database
import JSON
import LambdaRuntime

/// Calls about the members of a workspace.
struct MemberCalls: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// The members in the order in which they joined.
    func list(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.account()
        let members = try await calls.accounts.read { connection -> [JSONValue] in
            let (workspace, _) = try WorkspaceCalls.found(name, for: account, .view, connection)
            let rows = try connection.query(
                """
                SELECT u.id, u.email, u.name, m.role, m.joined_ms FROM members m
                JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1
                ORDER BY m.joined_ms, u.id
                """, workspace.id)
            return try rows.map { row in
                [
                    "userId": .string(try row.text("id")), "email": .string(try row.text("email")),
                    "name": .string(try row.text("name")), "role": .string(try row.text("role")),
                    "joinedAt": .string(try row.time("joined_ms").rfc3339),
                ]
            }
        }
        return .json(status: 200, ["members": .array(members)] as JSONValue)
    }

    /// Changes a member's role.
    func change(_ name: String, _ userID: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let role = fields.role("role")
        try fields.check()
        let calls = calls
        try await calls.accounts.write { connection in
            let (workspace, own) = try WorkspaceCalls.found(name, for: account, .view, connection)
            let old = try Self.role(of: userID, in: workspace, connection)
            if case .refused(let rule) = MembershipDecision.changingRole(
                by: own, of: old, to: role)
            {
                throw Problem.refused(rule)
            }
            try Self.setRole(role, of: userID, in: workspace, connection)
            try calls.audit(
                "member.change", by: account.userID, subject: userID, workspaceID: workspace.id,
                change: [
                    "before": ["role": .string(old.rawValue)],
                    "after": ["role": .string(role.rawValue)],
                ]
            ).add(connection)
        }
        return .json(
            status: 200, ["userId": .string(userID), "role": .string(role.rawValue)] as JSONValue)
    }

    /// Removes a member, or the caller, with the API keys for the workspace.
    func remove(_ name: String, _ userID: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let userID = userID == "me" ? account.userID : userID
        let calls = calls
        try await calls.accounts.write { connection in
            let (workspace, own) = try WorkspaceCalls.found(name, for: account, .view, connection)
            let old = try Self.role(of: userID, in: workspace, connection)
            if case .refused(let rule) = MembershipDecision.removing(
                by: own, target: old, isSelf: userID == account.userID)
            {
                throw Problem.refused(rule)
            }
            for table in ["members", "api_keys"] {
                try connection.execute(
                    "DELETE FROM \(table) WHERE workspace_id = $1 AND user_id = $2", workspace.id,
                    userID)
            }
            try calls.audit(
                "member.remove", by: account.userID, subject: userID, workspaceID: workspace.id,
                change: ["before": ["role": .string(old.rawValue)]]
            ).add(connection)
        }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }

    /// Makes another member the owner; the caller becomes an administrator.
    func transfer(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let userID = fields.text("userId", lengthMax: 64)
        if userID == account.userID { fields.report("is the owner already", at: "userId") }
        try fields.check()
        let calls = calls
        let document = try await calls.accounts.write { connection -> JSONValue in
            let (workspace, _) = try WorkspaceCalls.found(
                name, for: account, .transfer, connection)
            _ = try Self.role(of: userID, in: workspace, connection)
            try Self.setRole(.admin, of: account.userID, in: workspace, connection)
            try Self.setRole(.owner, of: userID, in: workspace, connection)
            try calls.audit(
                "workspace.transfer", by: account.userID, subject: workspace.id,
                workspaceID: workspace.id,
                change: [
                    "before": ["owner": .string(account.userID)],
                    "after": ["owner": .string(userID)],
                ]
            ).add(connection)
            return workspace.document(role: .admin)
        }
        return .json(status: 200, document)
    }

    private static func role(
        of userID: String, in workspace: WorkspaceRow, _ connection: any DatabaseConnection
    ) throws -> WorkspaceRole {
        guard let role = try WorkspaceTable.role(of: userID, in: workspace.id, connection) else {
            throw Problem(
                status: 404, title: "Not found", detail: "The workspace has no such member.",
                error: "Member not found")
        }
        return role
    }

    private static func setRole(
        _ role: WorkspaceRole, of userID: String, in workspace: WorkspaceRow,
        _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute(
            "UPDATE members SET role = $1 WHERE workspace_id = $2 AND user_id = $3", role.rawValue,
            workspace.id, userID)
    }
}

extension BodyFields {
    /// A role that must be there; `member` after a fault.
    mutating func role(_ name: String) -> WorkspaceRole {
        let text = self.text(name, lengthMax: 20)
        if let role = WorkspaceRole(rawValue: text) { return role }
        if !text.isEmpty { report("must be one of member, admin, owner", at: name) }
        return .member
    }
}
