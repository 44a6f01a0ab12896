import Accounts
import Database
import LambdaRuntime
import WallClock

/// A new session, before it is stored.
struct NewSession: Sendable {
    var id: String
    var token: OpaqueToken
    var userID: String
    /// `password`, `password+totp`, `google`, `passkey`.
    var method: String
    var sourceIP: String
    var userAgent: String
    var time: UnixTime

    init(
        id: String, userID: String, method: String, _ request: FunctionURLRequest, time: UnixTime
    ) {
        self.id = id
        self.userID = userID
        self.method = method
        self.time = time
        token = OpaqueToken.make(.session)
        sourceIP = request.sourceIP
        userAgent = String((request.headers["user-agent"] ?? "").prefix(200))
    }

    func insert(_ connection: any DatabaseConnection) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO sessions(id, token_hash, user_id, method, source_ip, user_agent,
              created_ms, rotated_ms, used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
            """, id, token.hash, userID, method, sourceIP, userAgent, time)
    }
}

/// A session that a token names, with its user.
struct FoundSession: Sendable {
    var id: String
    var userID: String
    var isAdmin: Bool
    var workspaceID: String?
    var isPrevious: Bool
    var times: SessionRules.Times
}

/// Statements on `sessions`.
enum SessionTable {
    /// - Parameter hash: Of the token, the present or the previous one.
    static func session(
        hash: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> FoundSession? {
        let columns = """
            SELECT s.id, s.user_id, s.token_hash, s.created_ms, s.rotated_ms, s.used_ms,
              u.is_admin, u.workspace_id FROM sessions s JOIN users u ON u.id = s.user_id
            """
        // One index for each: an OR would read the table.
        var row = try connection.first("\(columns) WHERE s.token_hash = $1", hash)
        if row == nil { row = try connection.first("\(columns) WHERE s.previous_hash = $1", hash) }
        guard let row else { return nil }
        return FoundSession(
            id: try row.text("id"), userID: try row.text("user_id"),
            isAdmin: try row.boolean("is_admin"),
            workspaceID: try row.optionalText("workspace_id"),
            isPrevious: try row.text("token_hash") != hash,
            times: SessionRules.Times(
                createdAt: try row.time("created_ms"), usedAt: try row.time("used_ms"),
                rotatedAt: try row.time("rotated_ms")))
    }

    static func touch(
        id: String, at time: UnixTime, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute(
            "UPDATE sessions SET used_ms = $1 WHERE id = $2 AND used_ms < $1", time, id)
    }

    /// Gives the session a new token; the present one becomes the previous one.
    /// - Returns: false if another request was first.
    static func rotate(
        id: String, from hash: String, to token: OpaqueToken, at time: UnixTime,
        _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> Bool {
        try connection.change(
            """
            UPDATE sessions SET token_hash = $1, previous_hash = $2, rotated_ms = $3, used_ms = $3
            WHERE id = $4 AND token_hash = $2
            """, token.hash, hash, time, id) == 1
    }

    static func delete(
        id: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute("DELETE FROM sessions WHERE id = $1", id)
    }

    /// Ends every session of a user but one.
    /// - Returns: the number of sessions that ended.
    @discardableResult
    static func deleteAll(
        of userID: String, except id: String? = nil, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> Int {
        try connection.change(
            "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", userID, id ?? "")
    }
}
