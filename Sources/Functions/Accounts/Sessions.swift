import Accounts
import Database
import JSON
import LambdaRuntime
import WallClock

/// The caller's sessions.
struct Sessions: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Ends this session, or with `everywhere` all sessions of the user.
    func signOut() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let everywhere = fields.flag("everywhere")
        try fields.check()
        let calls = calls
        try await calls.accounts.write { connection in
            if everywhere {
                try SessionTable.deleteAll(of: account.userID, connection)
            } else {
                try SessionTable.delete(id: account.credentialID, connection)
            }
            try calls.audit(
                everywhere ? "session.end-all" : "session.end", by: account.userID,
                subject: account.credentialID
            ).add(connection)
        }
        return FunctionURLResponse(
            statusCode: 204, headers: ["cache-control": "no-store"],
            cookies: [calls.accounts.cookie.header(nil, lifetime: .zero)])
    }

    /// Gives the session a new token. The present one is accepted for another minute; used
    /// later, it ends the session.
    func refresh() async throws -> FunctionURLResponse {
        let account = try calls.session()
        let (calls, time) = (calls, calls.now)
        guard let text = calls.sentToken, let sent = OpaqueToken(text) else {
            throw Problem.accountNeeded
        }
        let token = OpaqueToken.make(.session)
        let created = try await calls.accounts.write { connection -> UnixTime? in
            guard
                try SessionTable.rotate(
                    id: account.credentialID, from: sent.hash, to: token, at: time, connection)
            else { return nil }
            return try SessionTable.session(hash: token.hash, connection)?.times.createdAt
        }
        guard let created else {
            throw Problem(
                status: 409, title: "Conflict",
                detail: "Another request has rotated the token; use the newer one.")
        }
        let end = created + SessionRules.lifetimeMax
        var response = FunctionURLResponse.json(
            status: 200,
            ["token": .string(token.text), "expiresAt": .string(end.rfc3339)] as JSONValue)
        response.cookies = [calls.accounts.cookie.header(token.text, lifetime: end - time)]
        return response
    }

    /// The sessions of the user, the newest first.
    func list() async throws -> FunctionURLResponse {
        let account = try calls.session()
        let sessions = try await calls.accounts.read { connection in
            try Self.documents(of: account.userID, current: account.credentialID, connection)
        }
        return .json(status: 200, ["sessions": .array(sessions)] as JSONValue)
    }

    static func documents(
        of userID: String, current: String?, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> [JSONValue] {
        let rows = try connection.query(
            """
            SELECT id, method, source_ip, user_agent, created_ms, used_ms FROM sessions
            WHERE user_id = $1 ORDER BY created_ms DESC, id
            """, userID)
        var sessions: [JSONValue] = []
        for row in rows {
            let id = try row.text("id")
            sessions.append([
                "id": .string(id), "method": .string(try row.text("method")),
                "sourceIp": .string(try row.text("source_ip")),
                "userAgent": .string(try row.text("user_agent")),
                "createdAt": .string(try row.time("created_ms").rfc3339),
                "usedAt": .string(try row.time("used_ms").rfc3339), "current": .bool(id == current),
            ])
        }
        return sessions
    }

    /// Ends one session of the user.
    func end(_ id: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let calls = calls
        let ended = try await calls.accounts.write { connection in
            let count = try connection.change(
                "DELETE FROM sessions WHERE id = $1 AND user_id = $2", id, account.userID)
            try calls.audit("session.end", by: account.userID, subject: id).add(connection)
            return count == 1
        }
        guard ended else { throw Problem.notFound }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }
}

extension AccountCalls {
    /// The token of the request, from the header or the cookie.
    var sentToken: String? {
        if let header = request.headers["authorization"] {
            return header.split(separator: " ", maxSplits: 1).last.map(String.init)
        }
        return try? accounts.cookie.token(of: request)
    }
}
