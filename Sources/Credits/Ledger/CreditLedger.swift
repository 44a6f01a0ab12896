package import Database
package import WallClock

/// The credits of workspaces: an append-only ledger in the database.
///
/// Each call is one transaction and may be repeated: an export is held once and ended once, a
/// cause is entered once for each kind. The balance is never negative: a hold beyond it is
/// refused, and no end of a hold takes credits.
package struct CreditLedger: Sendable {
    /// The database.
    package let database: any Database
    /// Plans of the deployment.
    package let plans: Plans
    /// The current time.
    package let now: @Sendable () -> UnixTime

    /// Time after which the hold of an export that never began is given back.
    package static let holdTimeMax = Duration.seconds(3_600)

    /// The ledger in a database.
    package init(
        database: any Database, plans: Plans, now: @escaping @Sendable () -> UnixTime
    ) {
        self.database = database
        self.plans = plans
        self.now = now
    }

    /// Holds the credits of all exports of a request, or of none.
    package func hold(
        _ charges: [CreditCharge], of workspaceID: String
    ) async throws -> HoldOutcome {
        try await database.transaction { [plans, now] connection in
            let tables = LedgerTables(connection: connection, now: now())
            let plan = try tables.open(workspaceID, plans)
            var missing: [CreditCharge] = []
            var isOneHeld = false
            for charge in charges {
                switch try tables.holdState(charge.jobID) {
                case nil: missing.append(charge)
                case "held": isOneHeld = true
                // A batch that is continued has exports that have ended.
                default: break
                }
            }
            guard !missing.isEmpty else { return isOneHeld ? .held : .ended }
            if let refusal = try Self.refusal(missing, of: plan, workspaceID, tables) {
                return refusal
            }
            for charge in missing {
                let isHeld = try tables.hold(
                    charge, workspaceID, until: tables.now + Self.holdTimeMax)
                // The balance was read in this transaction.
                guard isHeld else {
                    throw DatabaseError(.conflict, detail: "the balance changed")
                }
            }
            return .held
        }
    }

    private static func refusal(
        _ charges: [CreditCharge], of plan: Plan, _ workspaceID: String, _ tables: LedgerTables
    ) throws -> HoldOutcome? {
        let usage = try tables.usage(workspaceID)
        if let limit = plan.limits.concurrentExports, usage.running + charges.count > limit {
            return .tooManyExports(limit: limit)
        }
        let output = charges.reduce(usage.output) { $0 + $1.output }
        if let limit = plan.limits.minutesPerMonth, output > .seconds(60 * limit) {
            return .tooManyMinutes(limit: limit)
        }
        let needed = charges.reduce(0) { $0 + $1.amount }
        let row = try tables.connection.first(
            "SELECT balance FROM credit_accounts WHERE workspace_id = $1", workspaceID)
        let balance = try row?.integer("balance") ?? 0
        return needed > balance ? .insufficient(balance: balance, needed: needed) : nil
    }

    /// Records the hold of an export that began while the database was down: as much of its
    /// amount as the balance has. A job with a hold keeps it.
    package func holdLate(_ charge: CreditCharge, of workspaceID: String) async throws {
        try await database.transaction { [plans, now] connection in
            let tables = LedgerTables(connection: connection, now: now())
            _ = try tables.open(workspaceID, plans)
            guard try tables.holdState(charge.jobID) == nil else { return }
            let row = try connection.first(
                "SELECT balance FROM credit_accounts WHERE workspace_id = $1", workspaceID)
            var charge = charge
            charge.amount = min(charge.amount, try row?.integer("balance") ?? 0)
            _ = try tables.hold(charge, workspaceID, until: tables.now + Self.holdTimeMax)
        }
    }

    /// Ends the hold of an export. Without a hold, or after its end, nothing changes.
    package func end(_ jobID: String, as end: HoldEnd) async throws {
        try await database.transaction { [now] connection in
            try LedgerTables(connection: connection, now: now()).end(jobID, as: end)
        }
    }

    /// Moves the end of a hold whose export still runs.
    package func extend(_ jobID: String) async throws {
        try await database.transaction { [now] connection in
            try connection.execute(
                "UPDATE credit_holds SET expires_ms = $2 WHERE job_id = $1 AND state = 'held'",
                jobID, now() + Self.holdTimeMax)
        }
    }

    /// Holds that began before a time, the oldest first.
    package func openHolds(before time: UnixTime, countMax: Int) async throws -> [OpenHold] {
        try await database.read { connection in
            let rows = try connection.query(
                """
                SELECT job_id, workspace_id, amount, created_ms, expires_ms FROM credit_holds
                WHERE state = 'held' AND created_ms <= $1 ORDER BY expires_ms LIMIT $2
                """, time, countMax)
            return try rows.map { row in
                OpenHold(
                    jobID: try row.text("job_id"), workspaceID: try row.text("workspace_id"),
                    amount: try row.integer("amount"), createdAt: try row.time("created_ms"),
                    expiresAt: try row.time("expires_ms"))
            }
        }
    }

    /// Adds credits, or takes them; once for each cause and kind.
    /// - Returns: false if the balance would become negative: nothing changed.
    package func add(
        _ amount: Int, to workspaceID: String, as kind: CreditEntry.Kind, cause: String,
        note: String = ""
    ) async throws -> Bool {
        try await database.transaction { [plans, now] connection in
            let tables = LedgerTables(connection: connection, now: now())
            _ = try tables.open(workspaceID, plans)
            return try tables.append(workspaceID, kind, cause: cause, amount: amount, note: note)
        }
    }

    /// The balance and the use of a workspace.
    package func balance(of workspaceID: String) async throws -> CreditBalance {
        try await database.transaction { [plans, now] connection in
            let tables = LedgerTables(connection: connection, now: now())
            let plan = try tables.open(workspaceID, plans)
            let usage = try tables.usage(workspaceID)
            let row = try connection.first(
                "SELECT balance, held FROM credit_accounts WHERE workspace_id = $1", workspaceID)
            return CreditBalance(
                balance: try row?.integer("balance") ?? 0, held: try row?.integer("held") ?? 0,
                plan: plan.name, runningExports: usage.running, output: usage.output)
        }
    }

    /// The plan of a workspace.
    package func plan(of workspaceID: String) async throws -> Plan {
        try await database.read { [plans, now] connection in
            try LedgerTables(connection: connection, now: now())
                .subscribedPlan(of: workspaceID, plans) ?? plans.defaultPlan
        }
    }

    /// A page of the ledger, the newest first.
    /// - Parameter before: Number of the entry after which the page begins; nil for the first.
    package func history(
        of workspaceID: String, before: Int? = nil, countMax: Int
    ) async throws -> [CreditEntry] {
        try await database.read { connection in
            let rows = try connection.query(
                """
                SELECT number, kind, cause, amount, balance, note, time_ms FROM credit_entries
                WHERE workspace_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3
                """, workspaceID, before ?? Int.max, countMax)
            return try rows.map { row in
                CreditEntry(
                    number: try row.integer("number"),
                    kind: CreditEntry.Kind(rawValue: try row.text("kind")) ?? .adjust,
                    cause: try row.text("cause"), amount: try row.integer("amount"),
                    balance: try row.integer("balance"), note: try row.text("note"),
                    time: try row.time("time_ms"))
            }
        }
    }
}
