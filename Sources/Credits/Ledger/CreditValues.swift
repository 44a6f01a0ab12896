package import WallClock

/// Credits that an export takes while it runs.
package struct CreditCharge: Hashable, Sendable {
    /// The export.
    package var jobID: String
    /// Credits of its estimate.
    package var amount: Int
    /// Length of its output, for limits of minutes.
    package var output: Duration

    /// A charge.
    package init(jobID: String, amount: Int, output: Duration) {
        self.jobID = jobID
        self.amount = amount
        self.output = output
    }
}

/// Outcome of a hold.
package enum HoldOutcome: Hashable, Sendable {
    /// The credits are held now, or were before.
    case held
    /// The balance is too small.
    case insufficient(balance: Int, needed: Int)
    /// The plan's number of exports runs already.
    case tooManyExports(limit: Int)
    /// The plan's minutes of this month would be exceeded.
    case tooManyMinutes(limit: Int)
    /// The holds of all jobs have ended before.
    case ended
}

/// An end of a hold.
package enum HoldEnd: Hashable, Sendable {
    /// The export completed; `used` credits of its cost.
    case settled(used: Int)
    /// The export failed or was cancelled.
    case refunded
    /// The export never began.
    case expired

    /// Credits that are charged: never more than was held, so the estimate is the most that an
    /// export costs.
    package func charged(of held: Int) -> Int {
        switch self {
        case .settled(let used): min(max(0, used), held)
        case .refunded, .expired: 0
        }
    }

    var state: String {
        switch self {
        case .settled: "settled"
        case .refunded: "refunded"
        case .expired: "expired"
        }
    }

    var kind: CreditEntry.Kind {
        switch self {
        case .settled: .settle
        case .refunded: .refund
        case .expired: .expire
        }
    }
}

/// One row of the ledger.
package struct CreditEntry: Hashable, Sendable {
    /// Reasons of a change.
    package enum Kind: String, Sendable, CaseIterable {
        /// Credits of a plan's period.
        case grant
        /// Credits that were bought.
        case purchase
        /// Credits taken at the start of an export.
        case hold
        /// Credits given back at the end of a completed export: held, but not used.
        case settle
        /// Credits given back for an export that failed or was cancelled.
        case refund
        /// Credits given back for an export that never began.
        case expire
        /// A correction by an administrator.
        case adjust
    }

    /// Position in the workspace's ledger, from 1.
    package var number: Int
    /// Reason of the change.
    package var kind: Kind
    /// The export, the payment or the period.
    package var cause: String
    /// Change of the balance.
    package var amount: Int
    /// Balance after the change.
    package var balance: Int
    /// Text for people; may be empty.
    package var note: String
    /// Time of the change.
    package var time: UnixTime
}

/// What a workspace can spend.
package struct CreditBalance: Hashable, Sendable {
    /// Credits that can be spent.
    package var balance: Int
    /// Credits that running exports hold.
    package var held: Int
    /// Name of the workspace's plan.
    package var plan: String
    /// Exports that run.
    package var runningExports: Int
    /// Output of this calendar month (UTC).
    package var output: Duration
}

/// A hold of an export that has not been settled.
package struct OpenHold: Hashable, Sendable {
    /// The export.
    package var jobID: String
    /// Its workspace.
    package var workspaceID: String
    /// Credits that are held.
    package var amount: Int
    /// Time of the start.
    package var createdAt: UnixTime
    /// Time after which an export that never began gives its credits back.
    package var expiresAt: UnixTime
}
