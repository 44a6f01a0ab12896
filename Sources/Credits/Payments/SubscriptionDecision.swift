package import WallClock

/// A subscription as the database knows it.
package struct Subscription: Hashable, Sendable {
    /// States of a subscription.
    package enum Status: String, Sendable {
        case active
        case pastDue = "past-due"
        case cancelled
    }

    /// The workspace that it pays for.
    package var workspaceID: String
    /// Name of the plan.
    package var plan: String
    /// Its state.
    package var status: Status
    /// End of the period that was paid; nil if unknown.
    package var periodEnd: UnixTime?
    /// Time of the event that set this state.
    package var eventTime: UnixTime

    /// A subscription.
    package init(
        workspaceID: String, plan: String, status: Status, periodEnd: UnixTime?,
        eventTime: UnixTime
    ) {
        self.workspaceID = workspaceID
        self.plan = plan
        self.status = status
        self.periodEnd = periodEnd
        self.eventTime = eventTime
    }
}

/// The effect of a payment event: the subscription's next state, and credits.
///
/// Events come more than once and in any order. The newest one decides the state; a paid period
/// gives its credits once, even if its event is late.
package struct SubscriptionDecision: Hashable, Sendable {
    /// The state to store; nil to keep the stored one.
    package var subscription: Subscription?
    /// Credits to add; nil for none.
    package var grant: Grant?
    /// One word or more for the record of the event.
    package var outcome: String

    /// Credits of a paid period or of an upgrade.
    package struct Grant: Hashable, Sendable {
        /// The workspace.
        package var workspaceID: String
        /// The number of credits, above 0.
        package var amount: Int
        /// The same for each event about the same payment.
        package var cause: String
        /// Text for people.
        package var note: String
    }

    /// Decides.
    /// - Parameter stored: The subscription before the event; nil if it is not known.
    package init(_ event: PaymentEvent, stored: Subscription?, plans: Plans) {
        guard let change = event.change, let id = event.subscriptionID else {
            self.init(outcome: "kept")
            return
        }
        guard let workspaceID = stored?.workspaceID ?? event.workspaceID, !workspaceID.isEmpty
        else {
            self.init(outcome: "kept: no workspace")
            return
        }
        let named = event.product.map { plans.plan(ofProduct: $0) } ?? nil
        guard let plan = named ?? stored.map({ plans.plan(named: $0.plan) }) else {
            self.init(outcome: "kept: no plan has this product")
            return
        }
        // A failed invoice can name the price of the period before.
        let keepsPlan = change == .paymentFailed || change == .cancelled
        var next = Subscription(
            workspaceID: workspaceID, plan: keepsPlan ? stored?.plan ?? plan.name : plan.name,
            status: .active,
            periodEnd: event.periodEnd ?? stored?.periodEnd, eventTime: event.time)
        self.init(outcome: change.rawValue)
        switch change {
        case .created, .renewed:
            let period = event.periodEnd.map { String($0.milliseconds) } ?? event.id
            grant = Self.grant(
                plan.credits, workspaceID, "\(event.provider.rawValue):\(id):\(period)",
                "Plan \(plan.name)")
        case .changed:
            // The rest of a larger plan's credits at once; a smaller plan's from the next period.
            let before = stored.map { plans.plan(named: $0.plan).credits } ?? 0
            let isNewer = stored.map { event.time > $0.eventTime } ?? true
            let isPaid = stored?.status != .cancelled
            if isNewer, isPaid, stored != nil || event.periodEnd != nil {
                let cause =
                    stored == nil
                    ? event.periodEnd.map { "\(id):\($0.milliseconds)" } ?? event.id
                    : "\(id):\(event.id)"
                grant = Self.grant(
                    plan.credits - before, workspaceID, "\(event.provider.rawValue):\(cause)",
                    "Plan \(plan.name)")
            }
        case .cancelled: next.status = .cancelled
        case .paymentFailed: next.status = .pastDue
        }
        if let stored, stored.eventTime > event.time {
            outcome += ": an older event"
        } else if let stored, stored.status == .cancelled, change != .created {
            // Providers never revive a subscription: a paid period after the end is late.
            outcome += ": already cancelled"
        } else {
            subscription = next
        }
    }

    private init(outcome: String) { self.outcome = outcome }

    private static func grant(
        _ amount: Int, _ workspaceID: String, _ cause: String, _ note: String
    ) -> Grant? {
        amount > 0 ? Grant(workspaceID: workspaceID, amount: amount, cause: cause, note: note) : nil
    }
}
