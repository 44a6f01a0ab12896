import Credits
import Database
import JSON
import Jobs
import Logging
import MediaTime
import ObjectStore
import RenderPlans

/// Holds the credits of exports before they begin.
///
/// A database that is down does not stop an export: its charge is stored, and settle-credits
/// records it when the database is back.
struct ExportCharges: Sendable {
    let owner: OwnerID
    let dependencies: StartExport.Dependencies

    /// - Throws: a 402 problem if the balance is too small, 429 for a limit of the plan, 409 for a
    ///   job whose hold expired before it began.
    func hold(_ exports: [(job: JobID, plan: RenderPlan)]) async throws {
        guard let ledger = dependencies.credits.ledger, !exports.isEmpty else { return }
        let costs = try await ExportEstimate.costs(
            of: exports.map(\.plan), for: owner, dependencies)
        let charges = zip(exports, costs).map { export, cost in
            CreditCharge(
                jobID: export.job.text, amount: ledger.plans.credits(forCost: cost.total),
                output: export.plan.outputDuration)
        }
        let outcome: HoldOutcome
        do {
            outcome = try await ledger.hold(charges, of: owner.text)
        } catch let error as DatabaseError where error.code.isOutage {
            return try await store(charges, exports.map(\.job))
        }
        if case .ended = outcome { return try await refuseUnlessStored(exports.map(\.job)) }
        if let problem = outcome.problem { throw problem }
    }

    private func store(_ charges: [CreditCharge], _ jobs: [JobID]) async throws {
        for (charge, job) in zip(charges, jobs) {
            let late = LateCharge(
                amount: charge.amount, output: charge.output, createdAt: dependencies.now())
            _ = try await dependencies.bucket.createDocument(
                late, at: LateCharge.key(ExportKeys(owner: owner, job: job)))
        }
    }

    /// A repeated request for exports that have ended answers as the first one did.
    private func refuseUnlessStored(_ jobs: [JobID]) async throws {
        for job in jobs {
            let keys = ExportKeys(owner: owner, job: job)
            guard try await dependencies.bucket.objectExists(keys.plan) else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "The first request with this client token did not start. Use another.",
                    error: "Client token expired")
            }
        }
    }
}

extension RenderPlan {
    /// Length of the output.
    fileprivate var outputDuration: Duration {
        let seconds = (Rational(frameCount) / output.frameRate).doubleValue
        return .milliseconds(Int((max(0, min(seconds, 1e9)) * 1_000).rounded(.up)))
    }
}

extension DatabaseError.Code {
    /// True if the database cannot be used now; false for a defect of the program.
    var isOutage: Bool {
        switch self {
        case .unavailable, .schema, .busy, .conflict, .full, .inputOutput, .closed: true
        case .constraint, .column, .statement: false
        }
    }

    /// The table's row for this code.
    var row: FailureMapping.Row {
        guard isOutage else { return .init(.machine, 500, "Internal error") }
        return .init(
            .network, 503, "Service unavailable",
            "The database did not answer in time. Try again.", retryAfterSeconds: 5)
    }
}

extension HoldOutcome {
    /// The problem of a refused start; nil if the credits are held or the hold has ended.
    fileprivate var problem: Problem? {
        switch self {
        case .held, .ended: nil
        case .insufficient(let balance, let needed):
            Problem(
                status: 402, title: "Payment required",
                detail: "The export needs \(needed) credits; the balance is \(balance).",
                error: "Not enough credits",
                members: ["balance": .integer(balance), "needed": .integer(needed)])
        case .tooManyExports(let limit):
            Problem(
                status: 429, title: "Too many exports",
                detail: "The plan allows \(limit) exports at the same time.",
                headers: ["retry-after": "60"], members: ["limit": .integer(limit)])
        case .tooManyMinutes(let limit):
            Problem(
                status: 402, title: "Payment required",
                detail: "The plan allows \(limit) minutes of output in a month.",
                error: "Monthly minutes used up", members: ["limit": .integer(limit)])
        }
    }
}
