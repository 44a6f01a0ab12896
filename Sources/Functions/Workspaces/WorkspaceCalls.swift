import Accounts
import Database
import JSON
import LambdaRuntime
import WallClock

/// Calls about workspaces.
struct WorkspaceCalls: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Workspaces that one user may own.
    static let ownedCountMax = 20

    /// The workspaces of the caller.
    func list() async throws -> FunctionURLResponse {
        let account = try calls.account()
        let found = try await calls.accounts.read { connection in
            try WorkspaceTable.workspaces(of: account.userID, connection)
        }
        return .json(
            status: 200,
            ["workspaces": .array(found.map { $0.workspace.document(role: $0.role) })] as JSONValue)
    }

    /// Creates a workspace, which the caller owns.
    func create() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let name = fields.text("name", lengthMax: AccountText.nameCharactersMax)
        let slug = fields.slug("slug")
        try fields.check()
        let (calls, id, suffix) = (calls, calls.newID("ws"), calls.randomText(7))
        let made = try await calls.accounts.write { connection -> WorkspaceRow? in
            let owned = try WorkspaceTable.workspaces(of: account.userID, connection)
                .filter { $0.role == .owner }
            guard owned.count < Self.ownedCountMax else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "The account owns \(Self.ownedCountMax) workspaces.")
            }
            try WorkspaceTable.create(
                id: id, name: name, slug: slug, slugSuffix: suffix, owner: account.userID,
                time: calls.now, connection)
            try calls.audit(
                "workspace.create", by: account.userID, subject: id, workspaceID: id
            ).add(connection)
            return try WorkspaceTable.workspace(id, connection)
        }
        return .json(status: 201, made?.document(role: .owner) ?? .null)
    }

    /// A workspace of the caller, by slug or ID.
    func show(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.account()
        let (workspace, role, members) = try await calls.accounts.read { connection in
            let (workspace, role) = try Self.found(name, for: account, .view, connection)
            return (
                workspace, role, try WorkspaceTable.memberCount(of: workspace.id, connection)
            )
        }
        guard case .object(var document) = workspace.document(role: role) else {
            throw Problem.workspaceNotFound
        }
        document["memberCount"] = .integer(members)
        return .json(status: 200, JSONValue.object(document))
    }

    /// Changes name or slug.
    func change(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let newName = fields.optionalText("name", lengthMax: AccountText.nameCharactersMax)
        let newSlug = fields.slug("slug")
        for name in fields.names.subtracting(["name", "slug"]) {
            fields.report("cannot be changed here", at: name)
        }
        try fields.check()
        let calls = calls
        let document = try await calls.accounts.write { connection -> JSONValue in
            let (old, role) = try Self.found(name, for: account, .change, connection)
            if let newSlug, newSlug != old.slug,
                try WorkspaceTable.workspace(newSlug, connection) != nil
            {
                throw WorkspaceTable.slugTaken
            }
            try connection.execute(
                "UPDATE workspaces SET name = $1, slug = $2, changed_ms = $3 WHERE id = $4",
                newName ?? old.name, newSlug ?? old.slug, calls.now, old.id)
            try calls.audit(
                "workspace.change", by: account.userID, subject: old.id, workspaceID: old.id,
                change: [
                    "before": ["name": .string(old.name), "slug": .string(old.slug)],
                    "after": [
                        "name": .string(newName ?? old.name), "slug": .string(newSlug ?? old.slug),
                    ],
                ]
            ).add(connection)
            return try WorkspaceTable.workspace(old.id, connection)?.document(role: role) ?? .null
        }
        return .json(status: 200, document)
    }

    /// Marks the workspace. Its media is removed a week later, unless it is restored before.
    func delete(_ name: String) async throws -> FunctionURLResponse {
        try await mark(name, deletedAt: calls.now, action: "workspace.delete", status: 202)
    }

    /// Takes the mark away.
    func restore(_ name: String) async throws -> FunctionURLResponse {
        try await mark(name, deletedAt: nil, action: "workspace.restore", status: 200)
    }

    private func mark(
        _ name: String, deletedAt: UnixTime?, action: String, status: Int
    ) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let calls = calls
        let document = try await calls.accounts.write { connection -> JSONValue in
            let (workspace, role) = try Self.found(
                name, for: account, .delete, isDeletedToo: true, connection)
            if let deleted = workspace.deletedAt, calls.now >= deleted + WorkspaceTable.grace {
                throw Problem(
                    status: 409, title: "Conflict", detail: "The workspace is being removed.")
            }
            // A second request does not move the end.
            if (workspace.deletedAt == nil) == (deletedAt != nil) {
                try connection.execute(
                    "UPDATE workspaces SET deleted_ms = $1, changed_ms = $2 WHERE id = $3",
                    deletedAt, calls.now, workspace.id)
                try calls.audit(
                    action, by: account.userID, subject: workspace.id, workspaceID: workspace.id
                ).add(connection)
            }
            return try WorkspaceTable.workspace(workspace.id, connection)?.document(role: role)
                ?? .null
        }
        return .json(status: status, document)
    }

    /// The audit trail of the workspace, the newest entry first.
    func audit(_ name: String) async throws -> FunctionURLResponse {
        let account = try calls.account()
        let page = try AccountPage(calls.request)
        let entries = try await calls.accounts.read { connection in
            let (workspace, _) = try Self.found(name, for: account, .viewAudit, connection)
            return try AuditTable.page(
                (.workspace, workspace.id), before: page.after, limit: page.limit + 1, connection)
        }
        return .json(status: 200, page.document("entries", entries) { $0["id"]?.text })
    }

    /// A workspace of the caller, and the caller's role in it.
    /// - Throws: 404 for one of others, 403 for a role that does not permit the action.
    static func found(
        _ name: String, for account: AccountCaller, _ action: WorkspaceAction,
        isDeletedToo: Bool = false, _ connection: any DatabaseConnection
    ) throws -> (WorkspaceRow, WorkspaceRole) {
        guard let workspace = try WorkspaceTable.workspace(name, connection),
            let role = try WorkspaceTable.role(
                of: account.userID, in: workspace.id, connection)
        else { throw Problem.workspaceNotFound }
        guard role.permits(action) else { throw Problem.roleNeeded(action) }
        guard isDeletedToo || action == .view || workspace.deletedAt == nil else {
            throw Problem(
                status: 409, title: "Conflict", detail: "The workspace is being deleted.")
        }
        return (workspace, role)
    }
}

extension AccountCalls {
    /// The caller's account, of a session or an API key.
    /// - Throws: 403 for a caller without one.
    func account() throws(Problem) -> AccountCaller {
        guard let account = caller.account else { throw Problem.accountNeeded }
        return account
    }
}

extension BodyFields {
    /// A slug, or nil.
    mutating func slug(_ name: String) -> String? {
        guard let slug = optionalText(name, lengthMax: 100) else { return nil }
        if let fault = AccountText.fault(ofSlug: slug) { report(fault, at: name) }
        return slug
    }
}

/// `limit` and `cursor` of a list in the database.
struct AccountPage: Sendable {
    /// Entries of a page.
    var limit: Int
    /// The ID after which the page begins.
    var after: String?

    /// - Throws: a 400 problem at `/limit` or `/cursor`.
    init(_ request: FunctionURLRequest) throws(Problem) {
        var faults: [FieldFault] = []
        limit = 50
        if let text = request.queryStringParameters["limit"] {
            if let number = Int(text), (1...100).contains(number) {
                limit = number
            } else {
                faults.append(
                    FieldFault(pointer: "/limit", detail: "must be a whole number from 1 to 100"))
            }
        }
        if let text = request.queryStringParameters["cursor"] {
            let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7E }
            if isPlain, (1...100).contains(text.utf8.count) {
                after = text
            } else {
                faults.append(
                    FieldFault(pointer: "/cursor", detail: "is not a cursor of this list"))
            }
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }

    /// The page of a list that was read with one entry more.
    func document(
        _ name: String, _ entries: [JSONValue], _ cursor: (JSONValue) -> String?
    ) -> JSONValue {
        let shown = Array(entries.prefix(limit))
        let next = entries.count > limit ? shown.last.flatMap(cursor) : nil
        return .object([name: .array(shown), "nextCursor": .optional(next)])
    }
}
