import Database
import WallClock

extension CreditLedger {
    /// Records an event with its effect, once for each ID.
    /// - Parameter payload: The body as it came.
    /// - Returns: The outcome; that of the first delivery for a repeated one.
    package func record(_ event: PaymentEvent, payload: String) async throws -> String {
        try await database.transaction { [plans, now] connection in
            let provider = event.provider.rawValue
            let known = try connection.first(
                "SELECT outcome FROM payment_events WHERE provider = $1 AND event_id = $2",
                provider, event.id)
            if let known { return try known.text("outcome") }
            let stored = try Self.subscription(event, connection)
            let decision = SubscriptionDecision(event, stored: stored, plans: plans)
            if let next = decision.subscription, let id = event.subscriptionID {
                try Self.store(next, provider, id, connection)
            }
            if let grant = decision.grant {
                let tables = LedgerTables(connection: connection, now: now())
                _ = try tables.open(grant.workspaceID, plans)
                _ = try tables.append(
                    grant.workspaceID, .grant, cause: grant.cause, amount: grant.amount,
                    note: grant.note)
            }
            try connection.execute(
                """
                INSERT INTO payment_events(
                  provider, event_id, kind, workspace_id, outcome, payload, received_ms)
                VALUES($1, $2, $3, $4, $5, $6, $7)
                """, provider, event.id, event.kind, stored?.workspaceID ?? event.workspaceID,
                decision.outcome, payload, now())
            return decision.outcome
        }
    }

    private static func subscription(
        _ event: PaymentEvent, _ connection: any DatabaseConnection
    ) throws -> Subscription? {
        guard let id = event.subscriptionID else { return nil }
        let row = try connection.first(
            """
            SELECT workspace_id, plan, status, period_end_ms, event_ms FROM subscriptions
            WHERE provider = $1 AND subscription_id = $2
            """, event.provider.rawValue, id)
        guard let row else { return nil }
        return Subscription(
            workspaceID: try row.text("workspace_id"), plan: try row.text("plan"),
            status: Subscription.Status(rawValue: try row.text("status")) ?? .cancelled,
            periodEnd: try row.optionalTime("period_end_ms"), eventTime: try row.time("event_ms"))
    }

    private static func store(
        _ next: Subscription, _ provider: String, _ id: String,
        _ connection: any DatabaseConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO subscriptions(
              provider, subscription_id, workspace_id, plan, status, period_end_ms, event_ms)
            VALUES($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (provider, subscription_id) DO UPDATE SET
              plan = excluded.plan, status = excluded.status,
              period_end_ms = excluded.period_end_ms, event_ms = excluded.event_ms
            """, provider, id, next.workspaceID, next.plan, next.status.rawValue, next.periodEnd,
            next.eventTime)
    }
}
