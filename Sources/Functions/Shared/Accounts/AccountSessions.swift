import Accounts
import Database
import Jobs
package import LambdaRuntime
package import WallClock

/// Accepts session tokens and API keys, which the database knows.
///
/// A token of another form is left to the others without a look at the database.
package struct AccountSessions: TokenVerifier {
    private let accounts: AccountServices
    private let now: @Sendable () -> UnixTime

    /// - Parameter accounts: The live values of accounts.
    package init(_ accounts: AccountServices, now: @escaping @Sendable () -> UnixTime) {
        self.accounts = accounts
        self.now = now
    }

    /// The caller with the workspace that `X-Spool-Workspace` names, by ID or slug, else the
    /// user's own; nil for a token that is not valid.
    /// - Throws: 403 for a workspace of others, 503 while the database is down.
    package func caller(
        ofToken text: String, in request: FunctionURLRequest
    ) async throws -> Caller? {
        guard let token = OpaqueToken(text) else { return nil }
        switch token.kind {
        case .session: return try await session(token, request)
        case .apiKey: return try await apiKey(token)
        case .step: return nil
        }
    }

    private func session(
        _ token: OpaqueToken, _ request: FunctionURLRequest
    ) async throws -> Caller? {
        let wanted = request.headers["x-spool-workspace"]
        let hash = token.hash
        let found = try await accounts.read { connection in
            try SessionTable.session(hash: hash, connection).map { session in
                (
                    session,
                    try WorkspaceTable.membership(
                        of: session.userID, in: wanted ?? session.workspaceID, connection)
                )
            }
        }
        guard let (session, membership) = found else { return nil }
        let time = now()
        switch SessionRules.verdict(session.times, isPrevious: session.isPrevious, now: time) {
        case .valid: break
        case .validToTouch:
            try await accounts.write { try SessionTable.touch(id: session.id, at: time, $0) }
        case .expired, .reused:
            try await accounts.write { try SessionTable.delete(id: session.id, $0) }
            return nil
        }
        if wanted != nil, membership == nil { throw Self.foreignWorkspace }
        return Self.caller(
            session.userID, session.id, membership, isAdmin: session.isAdmin, by: .session)
    }

    private func apiKey(_ token: OpaqueToken) async throws -> Caller? {
        let hash = token.hash
        let time = now()
        let found = try await accounts.read { connection in
            try APIKeyTable.key(hash: hash, connection).map { key in
                (
                    key,
                    try WorkspaceTable.membership(of: key.userID, in: key.workspaceID, connection)
                )
            }
        }
        guard let (key, membership) = found, let membership else { return nil }
        if let end = key.expiresAt, time >= end { return nil }
        if key.usedAt.map({ time >= $0 + SessionRules.usePrecision }) ?? true {
            try await accounts.write { try APIKeyTable.touch(id: key.id, at: time, $0) }
        }
        var caller = Self.caller(key.userID, key.id, membership, isAdmin: false, by: .apiKey)
        caller?.mayRead = key.scopes.contains("read")
        caller?.mayWrite = key.scopes.contains("write")
        return caller
    }

    private static func caller(
        _ userID: String, _ credentialID: String, _ membership: MembershipRow?, isAdmin: Bool,
        by method: Caller.Method
    ) -> Caller? {
        guard let owner = OwnerID(membership?.workspaceID ?? userID) else { return nil }
        return Caller(
            owner, by: method,
            account: AccountCaller(
                userID: userID, credentialID: credentialID, workspaceID: membership?.workspaceID,
                role: membership?.role.rawValue, isPlatformAdmin: isAdmin))
    }

    private static let foreignWorkspace = Problem(
        status: 403, title: "Forbidden",
        detail: "X-Spool-Workspace names no workspace of the caller.", error: "Unknown workspace")
}
