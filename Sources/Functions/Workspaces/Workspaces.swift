import Accounts
import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Workspaces, their members and invitations.
    package static let workspaces = FunctionName("workspaces")
}

/// Shows and changes workspaces, their members and invitations.
enum Workspaces {
    static let function = Function(
        .workspaces, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var accounts: AccountServices?
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        var randomText: @Sendable (Int) -> String

        init(_ services: Services) {
            bucket = services.bucket
            accounts = services.accounts
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
        }
    }

    typealias Call = @Sendable (AccountCalls, [String]) async throws -> FunctionURLResponse

    static let table = RouteTable<Call>(routes: [
        .init("GET", "workspaces") { calls, _ in try await WorkspaceCalls(calls).list() },
        .init("POST", "workspaces") { calls, _ in try await WorkspaceCalls(calls).create() },
        .init("GET", "workspaces/*") { try await WorkspaceCalls($0).show($1[0]) },
        .init("PATCH", "workspaces/*") { try await WorkspaceCalls($0).change($1[0]) },
        .init("DELETE", "workspaces/*") { try await WorkspaceCalls($0).delete($1[0]) },
        .init("POST", "workspaces/*/restore") { try await WorkspaceCalls($0).restore($1[0]) },
        .init("POST", "workspaces/*/transfer") { try await MemberCalls($0).transfer($1[0]) },
        .init("GET", "workspaces/*/audit") { try await WorkspaceCalls($0).audit($1[0]) },
        .init("GET", "workspaces/*/members") { try await MemberCalls($0).list($1[0]) },
        .init("PATCH", "workspaces/*/members/*") { try await MemberCalls($0).change($1[0], $1[1]) },
        .init("DELETE", "workspaces/*/members/*") {
            try await MemberCalls($0).remove($1[0], $1[1])
        },
        .init("GET", "workspaces/*/invitations") { try await InvitationCalls($0).list($1[0]) },
        .init("POST", "workspaces/*/invitations") { try await InvitationCalls($0).create($1[0]) },
        .init("DELETE", "workspaces/*/invitations/*") {
            try await InvitationCalls($0).revoke($1[0], $1[1])
        },
        .init("POST", "invitations/accept") { calls, _ in try await InvitationCalls(calls).accept()
        },
    ])

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: table.methods
        ) { authorized in
            guard let accounts = dependencies.accounts else { throw Problem.accountsOff }
            let (call, parameters) = try table.call(of: request)
            let calls = AccountCalls(
                request: authorized.request, caller: authorized.caller, accounts: accounts,
                bucket: dependencies.bucket, now: dependencies.now(),
                randomText: dependencies.randomText, logger: context.logger)
            return try await call(calls, parameters)
        }
    }
}

extension Problem {
    /// 404 for an unknown workspace, and for one of others.
    static let workspaceNotFound = Problem(
        status: 404, title: "Not found", detail: "The workspace does not exist.",
        error: "Workspace not found")

    /// 403 for a role that does not permit the call.
    static func roleNeeded(_ action: WorkspaceAction) -> Problem {
        let role = WorkspaceRole.needed(for: action).rawValue
        return Problem(
            status: 403, title: "Forbidden",
            detail: "The call needs the role \(role) in the workspace.", error: "Role too low")
    }

    /// 403 with the rule that was violated.
    static func refused(_ rule: String) -> Problem {
        Problem(status: 403, title: "Forbidden", detail: rule, error: "Role too low")
    }
}
