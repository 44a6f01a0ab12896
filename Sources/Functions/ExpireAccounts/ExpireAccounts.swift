import Accounts
import Database
import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Removes what is over: sessions, tokens, deleted workspaces.
    package static let expireAccounts = FunctionName("expire-accounts")
}

/// Removes sessions and tokens that have ended, and workspaces a week after their deletion.
enum ExpireAccounts {
    static let function = Function(
        .expireAccounts, schedule: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var accounts: AccountServices?
        var now: @Sendable () -> UnixTime
        var randomText: @Sendable (Int) -> String

        init(_ services: Services) {
            bucket = services.bucket
            accounts = services.accounts
            now = services.now
            randomText = services.randomText
        }
    }

    /// The response.
    struct Report: Codable, Sendable, Hashable {
        var rows = 0
        var workspaces = 0
    }

    /// Workspaces of one invocation; the others wait for the next.
    private static let workspaceCountMax = 20

    static func handle(
        _ event: ScheduledEvent?, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> Report {
        guard let accounts = dependencies.accounts else { return Report() }
        let time = dependencies.now()
        var report = Report()
        report.rows = try await accounts.write { connection in
            var count = 0
            count += try connection.change(
                "DELETE FROM step_tokens WHERE expires_ms <= $1", time)
            count += try connection.change("DELETE FROM sign_ups WHERE expires_ms <= $1", time)
            count += try connection.change(
                "DELETE FROM sessions WHERE used_ms <= $1 OR created_ms <= $2",
                time - SessionRules.idleMax, time - SessionRules.lifetimeMax)
            count += try connection.change(
                "DELETE FROM sign_in_attempts WHERE since_ms <= $1", time - SignInThrottle.window)
            return count
        }
        let due = try await accounts.read { connection in
            try connection.query(
                """
                SELECT id FROM workspaces WHERE deleted_ms <= $1 ORDER BY deleted_ms, id LIMIT $2
                """, time - WorkspaceTable.grace, workspaceCountMax
            ).map { try $0.text("id") }
        }
        for id in due {
            // The media first: a row that is gone would leave it without an owner.
            try await beginRemoval(ofMedia: id, dependencies)
            let note = AuditNote(
                entry: AuditEntry(
                    actor: "expire-accounts", action: "workspace.remove", subject: id,
                    workspaceID: id, sourceIP: ""),
                time: time, random: dependencies.randomText(8))
            try await accounts.write { connection in
                let removed = try connection.change(
                    "DELETE FROM workspaces WHERE id = $1 AND deleted_ms IS NOT NULL", id)
                if removed == 1 { try note.add(connection) }
            }
            report.workspaces += 1
        }
        return report
    }

    /// Marks everything of an owner for the removal, which `expire` carries out.
    private static func beginRemoval(
        ofMedia id: String, _ dependencies: Dependencies
    ) async throws {
        guard let owner = OwnerID(id) else { return }
        try await OwnerRemoval(
            owner: owner, bucket: dependencies.bucket, now: dependencies.now
        ).begin()
    }
}
