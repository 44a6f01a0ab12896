import Database
import JSON
import LambdaRuntime
import WallClock

extension FunctionName {
    /// Statistics and lists for administrators of the platform.
    package static let admin = FunctionName("admin")
}

/// Shows administrators of the platform what there is.
enum Admin {
    static let function = Function(.admin, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var accounts: AccountServices?
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            accounts = services.accounts
            authorizer = services.authorizer
            now = services.now
        }
    }

    typealias Call = @Sendable (AdminCalls) async throws -> JSONValue

    static let table = RouteTable<Call>(routes: [
        .init("GET", "admin/stats") { try await $0.statistics() },
        .init("GET", "admin/users") { try await $0.users() },
        .init("GET", "admin/workspaces") { try await $0.workspaces() },
        .init("GET", "admin/audit") { try await $0.audit() },
    ])

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: table.methods
        ) { authorized in
            guard let accounts = dependencies.accounts else { throw Problem.accountsOff }
            let (call, _) = try table.call(of: request)
            // An API key is no administrator: AccountSessions gives it no such role.
            guard authorized.caller.account?.isPlatformAdmin == true else {
                throw Problem(
                    status: 403, title: "Forbidden",
                    detail: "The call needs an administrator of the platform.",
                    error: "Administrator required")
            }
            let calls = AdminCalls(request: request, accounts: accounts, now: dependencies.now())
            return .json(status: 200, try await call(calls))
        }
    }
}

/// Calls of an administrator.
struct AdminCalls: Sendable {
    var request: FunctionURLRequest
    var accounts: AccountServices
    var now: UnixTime

    /// Numbers of users, workspaces and sessions.
    func statistics() async throws -> JSONValue {
        let week = now - .seconds(7 * 86_400)
        return try await accounts.read { connection in
            func count(_ sql: String, _ values: any SQLBindable...) throws -> JSONValue {
                .integer(
                    try connection.run("SELECT COUNT(*) AS count FROM \(sql)", values: values)
                        .rows.first?.integer("count") ?? 0)
            }
            return [
                "users": try count("users"),
                "usersOfWeek": try count("users WHERE created_ms > $1", week),
                "usersWithTwoFactor": try count("users WHERE totp_confirmed_ms IS NOT NULL"),
                "workspaces": try count("workspaces WHERE deleted_ms IS NULL"),
                "workspacesBeingDeleted": try count("workspaces WHERE deleted_ms IS NOT NULL"),
                "sessionsOfWeek": try count("sessions WHERE used_ms > $1", week),
                "apiKeys": try count("api_keys"),
                "pendingInvitations": try count("invitations WHERE status = 'pending'"),
            ]
        }
    }

    /// Users in the order of their creation.
    func users() async throws -> JSONValue {
        let page = try AccountPage(request)
        let after = try page.place()
        let users = try await accounts.read { connection in
            try UserTable.page(after: after, limit: page.limit + 1, connection)
        }
        let entries = users.map(\.document)
        let cursors = users.map { "\($0.createdAt.milliseconds).\($0.id)" }
        return page.document("users", entries, cursors)
    }

    /// Workspaces in the order of their creation.
    func workspaces() async throws -> JSONValue {
        let page = try AccountPage(request)
        let after = try page.place()
        let found = try await accounts.read { connection -> [(WorkspaceRow, Int)] in
            let rows = try connection.query(
                """
                SELECT \(WorkspaceTable.columns), (SELECT COUNT(*) FROM members m
                  WHERE m.workspace_id = w.id) AS member_count
                FROM workspaces w WHERE (w.created_ms, w.id) > ($1, $2)
                ORDER BY w.created_ms, w.id LIMIT $3
                """, after?.createdAt ?? UnixTime(milliseconds: -1), after?.id ?? "",
                page.limit + 1)
            return try rows.map { (try WorkspaceRow($0), try $0.integer("member_count")) }
        }
        let entries = found.map { workspace, memberCount -> JSONValue in
            guard case .object(var document) = workspace.document(role: nil) else { return .null }
            document["role"] = nil
            document["memberCount"] = .integer(memberCount)
            return .object(document)
        }
        let cursors = found.map { "\($0.0.createdAt.milliseconds).\($0.0.id)" }
        return page.document("workspaces", entries, cursors)
    }

    /// The audit trail, the newest entry first.
    func audit() async throws -> JSONValue {
        let page = try AccountPage(request)
        let entries = try await accounts.read { connection in
            try AuditTable.page(nil, before: page.after, limit: page.limit + 1, connection)
        }
        return page.document("entries", entries) { $0["id"]?.text }
    }
}

extension AccountPage {
    /// Time and ID in a cursor `{milliseconds}.{id}`; nil for the first page.
    /// - Throws: 400 at `/cursor` for another form.
    func place() throws(Problem) -> (createdAt: UnixTime, id: String)? {
        guard let after else { return nil }
        let parts = after.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let milliseconds = Int(parts[0]) else {
            throw Problem.invalid([
                FieldFault(pointer: "/cursor", detail: "is not a cursor of this list")
            ])
        }
        return (UnixTime(milliseconds: milliseconds), String(parts[1]))
    }

    /// The page of a list that was read with one entry more.
    func document(_ name: String, _ entries: [JSONValue], _ cursors: [String]) -> JSONValue {
        .object([
            name: .array(Array(entries.prefix(limit))),
            "nextCursor": .optional(entries.count > limit ? cursors[limit - 1] : nil),
        ])
    }
}
