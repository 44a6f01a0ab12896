import Database
import JSON
import WallClock

/// A row of `users`.
struct UserRow: Sendable {
    var id: String
    var email: String
    var name: String
    var language: String
    var passwordHash: String?
    var isAdmin: Bool
    var workspaceID: String?
    var onboarding: String?
    var onboardedAt: UnixTime?
    /// Sealed; nil without a second factor.
    var totpSecret: String?
    var totpConfirmedAt: UnixTime?
    var totpStep: Int
    var createdAt: UnixTime

    init(_ row: Row) throws(DatabaseError) {
        id = try row.text("id")
        email = try row.text("email")
        name = try row.text("name")
        language = try row.text("language")
        passwordHash = try row.optionalText("password_hash")
        isAdmin = try row.boolean("is_admin")
        workspaceID = try row.optionalText("workspace_id")
        onboarding = try row.optionalText("onboarding")
        onboardedAt = try row.optionalTime("onboarded_ms")
        totpSecret = try row.optionalText("totp_secret")
        totpConfirmedAt = try row.optionalTime("totp_confirmed_ms")
        totpStep = try row.integer("totp_step")
        createdAt = try row.time("created_ms")
    }

    /// True if a sign-in needs a second factor.
    var hasSecondFactor: Bool { totpConfirmedAt != nil }

    /// The user as the API shows it.
    var document: JSONValue {
        [
            "id": .string(id), "email": .string(email), "name": .string(name),
            "language": .string(language), "role": .string(isAdmin ? "admin" : "user"),
            "twoFactor": .bool(hasSecondFactor), "hasPassword": .bool(passwordHash != nil),
            "workspaceId": .optional(workspaceID), "onboarded": .bool(onboardedAt != nil),
            "onboarding": onboarding.flatMap { try? JSONValue(parsing: Array($0.utf8)) } ?? .null,
            "createdAt": .string(createdAt.rfc3339),
        ]
    }
}

extension JSONValue {
    /// A string, or null.
    static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}

/// Statements on `users`.
enum UserTable {
    private static let columns = """
        id, email, name, language, password_hash, is_admin, workspace_id, onboarding, \
        onboarded_ms, totp_secret, totp_confirmed_ms, totp_step, created_ms
        """

    static func user(
        id: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> UserRow? {
        guard
            let row = try connection.first("SELECT \(columns) FROM users WHERE id = $1", id)
        else { return nil }
        return try UserRow(row)
    }

    static func user(
        email: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> UserRow? {
        guard
            let row = try connection.first("SELECT \(columns) FROM users WHERE email = $1", email)
        else { return nil }
        return try UserRow(row)
    }

    /// The user of an account of another service.
    static func user(
        issuer: String, subject: String, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> UserRow? {
        guard
            let row = try connection.first(
                "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2", issuer, subject
            )
        else { return nil }
        return try user(id: try row.text("user_id"), connection)
    }

    /// Users in the order of their creation, after one of them.
    static func page(
        after: (createdAt: UnixTime, id: String)?, limit: Int, _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> [UserRow] {
        let rows = try connection.query(
            """
            SELECT \(columns) FROM users WHERE (created_ms, id) > ($1, $2)
            ORDER BY created_ms, id LIMIT $3
            """, after?.createdAt ?? UnixTime(milliseconds: -1), after?.id ?? "", limit)
        var users: [UserRow] = []
        for row in rows { users.append(try UserRow(row)) }
        return users
    }
}

/// A person who becomes a user: the e-mail address is verified.
struct NewUser: Sendable {
    var id: String
    var workspaceID: String
    var email: String
    var name: String
    var language: String
    var passwordHash: String?
    var isAdmin: Bool
    var time: UnixTime
    /// Random text for a slug that is taken.
    var slugSuffix: String

    /// Creates the user and a workspace, unless the address has an account.
    /// - Returns: the user of the address.
    func create(_ connection: any DatabaseConnection) throws -> UserRow {
        let added = try connection.change(
            """
            INSERT INTO users(id, email, name, language, password_hash, is_admin, workspace_id,
              totp_step, created_ms, changed_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8) ON CONFLICT(email) DO NOTHING
            """, id, email, name, language, passwordHash, isAdmin, workspaceID, time)
        if added == 1 {
            try WorkspaceTable.create(
                id: workspaceID, name: name, slug: nil, slugSuffix: slugSuffix, owner: id,
                time: time, connection)
        }
        guard let user = try UserTable.user(email: email, connection) else {
            throw HandlerFailure.permanent("The new user cannot be read.")
        }
        return user
    }
}
