import Accounts
import Database
import JSON
import WallClock

/// Purposes of a token of one step.
enum StepPurpose: String, Sendable {
    case passwordReset = "password-reset"
    case secondFactor = "second-factor"
    case openID = "openid"
    case passkeySignIn = "passkey-sign-in"
    case passkeyRegistration = "passkey-registration"

    /// Time for the step.
    var lifetime: Duration {
        switch self {
        case .passwordReset: .seconds(3_600)
        case .secondFactor, .passkeySignIn, .passkeyRegistration: .seconds(300)
        case .openID: .seconds(600)
        }
    }
}

/// A stored token of one step.
struct FoundStep: Sendable {
    var hash: String
    var userID: String?
    var data: JSONValue
    var attemptCount: Int
}

/// Statements on `step_tokens`.
enum StepTable {
    static func insert(
        _ token: OpaqueToken, _ purpose: StepPurpose, userID: String?, data: JSONValue = [:],
        at time: UnixTime, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO step_tokens(hash, purpose, user_id, data, attempt_count, expires_ms)
            VALUES ($1, $2, $3, $4, 0, $5)
            """, token.hash, purpose.rawValue, userID,
            String(decoding: data.bytes, as: UTF8.self), time + purpose.lifetime)
    }

    /// The token's row; nil if it is unknown, of another purpose, or too old.
    static func step(
        _ text: String, _ purpose: StepPurpose, at time: UnixTime,
        _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> FoundStep? {
        guard let token = OpaqueToken(text), token.kind == .step,
            let row = try connection.first(
                """
                SELECT user_id, data, attempt_count FROM step_tokens
                WHERE hash = $1 AND purpose = $2 AND expires_ms > $3
                """, token.hash, purpose.rawValue, time)
        else { return nil }
        let data = try? JSONValue(parsing: Array(try row.text("data").utf8))
        return FoundStep(
            hash: token.hash, userID: try row.optionalText("user_id"), data: data ?? .null,
            attemptCount: try row.integer("attempt_count"))
    }

    /// Removes the token.
    /// - Returns: false if another request used it first.
    static func take(
        _ hash: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> Bool {
        try connection.change("DELETE FROM step_tokens WHERE hash = $1", hash) == 1
    }

    static func countAttempt(
        _ hash: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute(
            "UPDATE step_tokens SET attempt_count = attempt_count + 1 WHERE hash = $1", hash)
    }
}

/// A row of `api_keys` that a key names.
struct APIKeyRow: Sendable {
    var id: String
    var userID: String
    var workspaceID: String
    var scopes: Set<String>
    var expiresAt: UnixTime?
    var usedAt: UnixTime?
}

/// Statements on `api_keys`.
enum APIKeyTable {
    static func key(
        hash: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> APIKeyRow? {
        guard
            let row = try connection.first(
                """
                SELECT id, user_id, workspace_id, scopes, expires_ms, used_ms FROM api_keys
                WHERE hash = $1
                """, hash)
        else { return nil }
        return APIKeyRow(
            id: try row.text("id"), userID: try row.text("user_id"),
            workspaceID: try row.text("workspace_id"),
            scopes: Set(try row.text("scopes").split(separator: " ").map(String.init)),
            expiresAt: try row.optionalTime("expires_ms"), usedAt: try row.optionalTime("used_ms"))
    }

    static func touch(
        id: String, at time: UnixTime, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        try connection.execute("UPDATE api_keys SET used_ms = $1 WHERE id = $2", time, id)
    }

    /// The keys of a column's value, as the API shows them.
    static func documents(
        userID: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> [JSONValue] {
        let rows = try connection.query(
            """
            SELECT id, hint, name, scopes, workspace_id, created_ms, expires_ms, used_ms
            FROM api_keys WHERE user_id = $1 ORDER BY created_ms, id
            """, userID)
        var keys: [JSONValue] = []
        for row in rows {
            let scopes = try row.text("scopes").split(separator: " ")
            keys.append([
                "id": .string(try row.text("id")), "hint": .string(try row.text("hint")),
                "name": .string(try row.text("name")),
                "scopes": .array(scopes.map { .string(String($0)) }),
                "workspaceId": .string(try row.text("workspace_id")),
                "createdAt": .string(try row.time("created_ms").rfc3339),
                "expiresAt": .optional(try row.optionalTime("expires_ms")?.rfc3339),
                "usedAt": .optional(try row.optionalTime("used_ms")?.rfc3339),
            ])
        }
        return keys
    }
}
