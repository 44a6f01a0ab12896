import Database
import WallClock

/// Statements of the ledger inside one transaction.
struct LedgerTables {
    let connection: any DatabaseConnection
    let now: UnixTime

    /// Creates the workspace's account if it is missing, and gives it the default plan's credits
    /// of this month once.
    func open(_ workspaceID: String, _ plans: Plans) throws -> Plan {
        try connection.execute(
            """
            INSERT INTO credit_accounts(
              workspace_id, balance, held, entry_count, created_ms, changed_ms)
            VALUES($1, 0, 0, 0, $2, $2) ON CONFLICT (workspace_id) DO NOTHING
            """, workspaceID, now)
        if let plan = try subscribedPlan(of: workspaceID, plans) { return plan }
        let plan = plans.defaultPlan
        if plan.credits > 0 {
            let month = now.rfc3339.prefix(7)
            _ = try append(
                workspaceID, .grant, cause: "\(plan.name)-\(month)", amount: plan.credits,
                note: "Plan \(plan.name)")
        }
        return plan
    }

    /// The plan of the newest subscription; nil without one.
    func subscribedPlan(of workspaceID: String, _ plans: Plans) throws -> Plan? {
        let row = try connection.first(
            """
            SELECT plan FROM subscriptions WHERE workspace_id = $1 AND status <> 'cancelled'
            ORDER BY event_ms DESC LIMIT 1
            """, workspaceID)
        return try row.map { plans.plan(named: try $0.text("plan")) }
    }

    /// Adds a row unless the cause has one of this kind.
    /// - Returns: false if the balance would become negative.
    func append(
        _ workspaceID: String, _ kind: CreditEntry.Kind, cause: String, amount: Int,
        note: String = "", held: Int = 0
    ) throws -> Bool {
        guard try !exists(workspaceID, kind, cause) else { return true }
        let row = try connection.first(
            """
            UPDATE credit_accounts
            SET balance = balance + $2, held = held + $3, entry_count = entry_count + 1,
              changed_ms = $4
            WHERE workspace_id = $1 AND balance + $2 >= 0 RETURNING balance, entry_count
            """, workspaceID, amount, held, now)
        guard let row else { return false }
        try connection.execute(
            """
            INSERT INTO credit_entries(
              workspace_id, number, kind, cause, amount, balance, note, time_ms)
            VALUES($1, $2, $3, $4, $5, $6, $7, $8)
            """, workspaceID, try row.integer("entry_count"), kind.rawValue, cause, amount,
            try row.integer("balance"), note, now)
        return true
    }

    private func exists(
        _ workspaceID: String, _ kind: CreditEntry.Kind, _ cause: String
    ) throws -> Bool {
        try connection.first(
            """
            SELECT 1 AS one FROM credit_entries
            WHERE workspace_id = $1 AND cause = $2 AND kind = $3
            """, workspaceID, cause, kind.rawValue) != nil
    }

    /// The state of a job's hold; nil without one.
    func holdState(_ jobID: String) throws -> String? {
        try connection.first("SELECT state FROM credit_holds WHERE job_id = $1", jobID)?
            .text("state")
    }

    /// Takes the credits of an export out of the balance. The hold must be new.
    /// - Returns: false if the balance is too small.
    func hold(_ charge: CreditCharge, _ workspaceID: String, until end: UnixTime) throws -> Bool {
        guard
            try append(
                workspaceID, .hold, cause: charge.jobID, amount: -charge.amount,
                held: charge.amount)
        else { return false }
        try connection.execute(
            """
            INSERT INTO credit_holds(
              job_id, workspace_id, amount, state, used, output_ms, created_ms, expires_ms)
            VALUES($1, $2, $3, 'held', 0, $4, $5, $6)
            """, charge.jobID, workspaceID, charge.amount, charge.output.wholeMilliseconds, now,
            end)
        return true
    }

    /// Exports that hold credits, and the output of this month.
    func usage(_ workspaceID: String) throws -> (running: Int, output: Duration) {
        let running = try connection.first(
            """
            SELECT count(*) AS c FROM credit_holds WHERE workspace_id = $1 AND state = 'held'
            """, workspaceID)
        let civil = CivilTime(now)
        let month = CivilTime(
            year: civil.year, month: civil.month, day: 1, hour: 0, minute: 0, second: 0)
        let output = try connection.first(
            """
            SELECT coalesce(sum(output_ms), 0) AS s FROM credit_holds
            WHERE workspace_id = $1 AND created_ms >= $2 AND state IN ('held', 'settled')
            """, workspaceID, month?.time ?? now)
        return (
            try running?.integer("c") ?? 0,
            .milliseconds(try output?.integer("s") ?? 0)
        )
    }

    /// Ends a hold once.
    func end(_ jobID: String, as end: HoldEnd) throws {
        let row = try connection.first(
            """
            SELECT workspace_id, amount FROM credit_holds WHERE job_id = $1 AND state = 'held'
            """, jobID)
        guard let row else { return }
        let amount = try row.integer("amount")
        let charged = end.charged(of: amount)
        _ = try append(
            try row.text("workspace_id"), end.kind, cause: jobID, amount: amount - charged,
            held: -amount)
        try connection.execute(
            "UPDATE credit_holds SET state = $2, used = $3, ended_ms = $4 WHERE job_id = $1",
            jobID, end.state, charged, now)
    }
}
