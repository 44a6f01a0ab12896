import Accounts
import Database
import JSON
import LambdaRuntime

/// The caller's own account.
struct Profile: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// The user with the workspaces.
    func show() async throws -> FunctionURLResponse {
        guard let account = calls.caller.account else { throw Problem.accountNeeded }
        return try await document(of: account)
    }

    private func document(of account: AccountCaller) async throws -> FunctionURLResponse {
        let found = try await calls.accounts.read { connection in
            try UserTable.user(id: account.userID, connection).map { user in
                (user, try WorkspaceTable.workspaces(of: user.id, connection))
            }
        }
        guard let (user, workspaces) = found, case .object(var document) = user.document else {
            throw Problem.notFound
        }
        document["workspaces"] = .array(workspaces.map { $0.workspace.document(role: $0.role) })
        return .json(status: 200, JSONValue.object(document))
    }

    /// Changes name, language or default workspace.
    func change() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let name = fields.optionalText("name", lengthMax: AccountText.nameCharactersMax)
        let language: String? =
            fields.names.contains("language") ? fields.language("language") : nil
        let workspace = fields.optionalText("workspaceId", lengthMax: 64)
        for name in fields.names.subtracting(["name", "language", "workspaceId"]) {
            fields.report("cannot be changed here", at: name)
        }
        try fields.check()
        let (calls, time) = (calls, calls.now)
        try await calls.accounts.write { connection in
            guard let user = try UserTable.user(id: account.userID, connection) else {
                throw Problem.notFound
            }
            var chosen = user.workspaceID
            if let workspace {
                chosen = try WorkspaceTable.membership(
                    of: user.id, in: workspace, connection)?.workspaceID
                guard chosen != nil else {
                    throw Problem.invalid([
                        FieldFault(
                            pointer: "/workspaceId", detail: "is no workspace of the caller")
                    ])
                }
            }
            try connection.execute(
                """
                UPDATE users SET name = $1, language = $2, workspace_id = $3, changed_ms = $4
                WHERE id = $5
                """, name ?? user.name, language ?? user.language, chosen, time, user.id)
            try calls.audit("user.change", by: user.id, subject: user.id).add(connection)
        }
        return try await document(of: account)
    }

    /// Stores the answers of the onboarding; a second call replaces them.
    func onboard() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let answers = fields.optionalObject("answers") ?? [:]
        try fields.check()
        let (text, time) = (String(decoding: answers.bytes, as: UTF8.self), calls.now)
        try await calls.accounts.write { connection in
            try connection.execute(
                """
                UPDATE users SET onboarding = $1, onboarded_ms = $2, changed_ms = $2
                WHERE id = $3
                """, text, time, account.userID)
        }
        return try await document(of: account)
    }

    /// Changes the password, and ends every other session.
    func changePassword() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let current = fields.text("currentPassword", lengthMax: 10_000)
        let password = fields.newPassword("password", email: "")
        try fields.check()
        try await calls.confirm(password: current, of: account, at: "currentPassword")
        let hash = try await calls.accounts.hasher.hash(password)
        let (calls, time) = (calls, calls.now)
        try await calls.accounts.write { connection in
            try connection.execute(
                "UPDATE users SET password_hash = $1, changed_ms = $2 WHERE id = $3", hash, time,
                account.userID)
            try SessionTable.deleteAll(
                of: account.userID, except: account.credentialID, connection)
            try calls.audit("user.change-password", by: account.userID, subject: account.userID)
                .add(connection)
        }
        return .json(status: 200, ["status": "changed"] as JSONValue)
    }
}

extension AccountCalls {
    /// Checks the password again before a sensitive change. A user without one has no password
    /// to confirm.
    /// - Throws: 401 at the field for a wrong password, 429 after too many.
    func confirm(password: String, of account: AccountCaller, at field: String) async throws {
        let time = now
        let user = try await accounts.read { try UserTable.user(id: account.userID, $0) }
        guard let user else { throw Problem.accountNeeded }
        guard let hash = user.passwordHash else { return }
        let throttle = AttemptTable(email: user.email)
        let attempts = try await accounts.read { try throttle.attempts($0) }
        guard SignInThrottle.pause(attempts, now: time) == nil,
            await accounts.hasher.verify(password, hash: hash)
        else {
            try await accounts.write { try throttle.addFailure(at: time, $0) }
            throw Problem(
                status: 401, title: "Unauthorized", detail: "The password is wrong.",
                faults: [FieldFault(pointer: "/\(field)", detail: "is wrong")],
                error: "Invalid password")
        }
    }
}
