import Accounts
import Database
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// Everything that is stored of the caller (GDPR, articles 15 and 20).
struct PersonalData: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Objects that one document lists; a list that is cut says so.
    private static let objectCountMax = 10_000

    /// Rows of the database, without hashes and secrets, and the objects of the caller's own
    /// workspaces.
    func export() async throws -> FunctionURLResponse {
        let account = try calls.session()
        let (userID, time) = (account.userID, calls.now)
        var (document, owned) = try await calls.accounts.read { connection in
            try Self.rows(of: userID, at: time, connection)
        }
        var objects: [JSONValue] = []
        var isCut = false
        for owner in (owned + [userID]).compactMap({ OwnerID($0) }) {
            for family in OwnerKeys.families {
                for try await object in calls.bucket.objects(prefix: "\(family)/\(owner.text)/") {
                    guard objects.count < Self.objectCountMax else {
                        isCut = true
                        break
                    }
                    objects.append([
                        "key": .string(object.key.text), "bytes": .integer(object.bytes),
                        "modifiedAt": .string(object.lastModified.rfc3339),
                    ])
                }
            }
        }
        document["objects"] = .array(objects)
        document["objectsCut"] = .bool(isCut)
        let calls = calls
        try await calls.accounts.write { connection in
            try calls.audit("user.export", by: userID, subject: userID).add(connection)
        }
        return .json(
            status: 200, JSONValue.object(document),
            headers: ["content-disposition": #"attachment; filename="personal-data.json""#])
    }

    private static func rows(
        of userID: String, at time: UnixTime, _ connection: any DatabaseConnection
    ) throws -> (document: [String: JSONValue], ownedWorkspaces: [String]) {
        guard let user = try UserTable.user(id: userID, connection) else {
            throw Problem.notFound
        }
        let workspaces = try WorkspaceTable.workspaces(of: userID, connection)
        let identities = try connection.query(
            "SELECT issuer, subject, created_ms FROM identities WHERE user_id = $1", userID
        ).map { row -> JSONValue in
            [
                "issuer": .string(try row.text("issuer")),
                "subject": .string(try row.text("subject")),
                "createdAt": .string(try row.time("created_ms").rfc3339),
            ]
        }
        let document: [String: JSONValue] = [
            "user": user.document,
            "sessions": .array(try Sessions.documents(of: userID, current: nil, connection)),
            "apiKeys": .array(try APIKeyTable.documents(userID: userID, connection)),
            "identities": .array(identities),
            "passkeys": .array(try Passkeys.documents(of: userID, connection)),
            "workspaces": .array(workspaces.map { $0.workspace.document(role: $0.role) }),
            "invitationsSent": .array(
                try InvitationCalls.documents("invited_by", userID, at: time, connection)),
            "invitationsReceived": .array(
                try InvitationCalls.documents("email", user.email, at: time, connection)),
            "auditEntries": .array(
                try AuditTable.page((.actor, userID), before: nil, limit: 10_000, connection)),
        ]
        return (document, workspaces.filter { $0.role == .owner }.map(\.workspace.id))
    }
}

/// Removal of the caller's account (GDPR, article 17).
struct AccountRemoval: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Removes the user, and the workspaces that have no other member with their media. Entries of
    /// the audit trail stay: they hold the ID, which names no person any longer.
    func remove() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let email = fields.email("confirm")
        let password = fields.optionalText("password", lengthMax: 10_000) ?? ""
        try fields.check()
        try await calls.confirm(password: password, of: account, at: "password")
        let calls = calls
        let alone = try await calls.accounts.write { connection -> [String] in
            guard let user = try UserTable.user(id: account.userID, connection) else {
                throw Problem.notFound
            }
            guard user.email == email else {
                throw Problem.invalid([
                    FieldFault(pointer: "/confirm", detail: "must be the e-mail address")
                ])
            }
            let alone = try Self.workspacesWithoutOthers(of: user.id, connection)
            // From here on no invitation to them is accepted.
            for id in alone {
                try connection.execute(
                    "UPDATE workspaces SET deleted_ms = $1 WHERE id = $2 AND deleted_ms IS NULL",
                    calls.now, id)
            }
            return alone
        }
        // The media first: a call that is killed here can be repeated.
        for owner in (alone + [account.userID]).compactMap({ OwnerID($0) }) {
            try await OwnerRemoval(owner: owner, bucket: calls.bucket, now: { calls.now }).begin()
        }
        try await calls.accounts.write { connection in
            for id in alone {
                try connection.execute("DELETE FROM workspaces WHERE id = $1", id)
            }
            try connection.execute("DELETE FROM sign_ups WHERE email = $1", email)
            try connection.execute("DELETE FROM invitations WHERE email = $1", email)
            try connection.execute("DELETE FROM users WHERE id = $1", account.userID)
            try AttemptTable(email: email).clear(connection)
            try calls.audit("user.remove", by: account.userID, subject: account.userID)
                .add(connection)
        }
        return FunctionURLResponse(
            statusCode: 204, headers: ["cache-control": "no-store"],
            cookies: [calls.accounts.cookie.header(nil, lifetime: .zero)])
    }

    /// - Throws: 409 while the user owns a workspace with other members.
    private static func workspacesWithoutOthers(
        of userID: String, _ connection: any DatabaseConnection
    ) throws -> [String] {
        var alone: [String] = []
        for (workspace, role) in try WorkspaceTable.workspaces(of: userID, connection)
        where role == .owner {
            guard try WorkspaceTable.memberCount(of: workspace.id, connection) == 1 else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "Transfer the workspace \(workspace.slug) first: it has other members.")
            }
            alone.append(workspace.id)
        }
        return alone
    }
}
