import Accounts
import Database
import JSON
import LambdaRuntime
import WallClock

/// API keys of the caller: each for one workspace, with scopes.
struct APIKeys: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Keys of one user.
    static let countMax = 50
    private static let scopes = ["read", "write"]

    func list() async throws -> FunctionURLResponse {
        let account = try calls.session()
        let keys = try await calls.accounts.read { connection in
            try APIKeyTable.documents(userID: account.userID, connection)
        }
        return .json(status: 200, ["keys": .array(keys)] as JSONValue)
    }

    /// Makes a key. Its text is in this response alone.
    func create() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let name = fields.text("name", lengthMax: AccountText.nameCharactersMax)
        let scopes = fields.optionalTexts("scopes", countMax: 10) ?? Self.scopes
        if scopes.isEmpty || !Set(scopes).isSubset(of: Self.scopes) {
            fields.report("must be a list of read and write", at: "scopes")
        }
        let days = fields.optionalInteger("expiresInDays", in: 1...366)
        try fields.check()
        guard let workspaceID = account.workspaceID else {
            throw Problem(
                status: 409, title: "Conflict", detail: "The caller has no workspace for the key.")
        }
        let (id, token) = (calls.newID("key"), OpaqueToken.make(.apiKey))
        let (calls, time) = (calls, calls.now)
        let words = Set(scopes).sorted().joined(separator: " ")
        try await calls.accounts.write { connection in
            guard
                try APIKeyTable.documents(userID: account.userID, connection).count < Self.countMax
            else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "The account has \(Self.countMax) keys; remove one first.")
            }
            try connection.execute(
                """
                INSERT INTO api_keys(id, hash, hint, name, scopes, user_id, workspace_id,
                  created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """, id, token.hash, token.hint, name, words, account.userID, workspaceID, time,
                days.map { time + .seconds($0 * 86_400) })
            try calls.audit(
                "api-key.create", by: account.userID, subject: id, workspaceID: workspaceID,
                change: ["after": ["scopes": .string(words)]]
            ).add(connection)
        }
        return .json(
            status: 201,
            [
                "id": .string(id), "key": .string(token.text), "name": .string(name),
                "scopes": .array(Set(scopes).sorted().map { .string($0) }),
                "workspaceId": .string(workspaceID),
            ] as JSONValue)
    }

    func remove(_ id: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let calls = calls
        let isRemoved = try await calls.accounts.write { connection in
            guard
                try connection.change(
                    "DELETE FROM api_keys WHERE id = $1 AND user_id = $2", id, account.userID) == 1
            else { return false }
            try calls.audit(
                "api-key.remove", by: account.userID, subject: id,
                workspaceID: account.workspaceID
            ).add(connection)
            return true
        }
        guard isRemoved else { throw Problem.notFound }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }
}
