import Credits
import Jobs
import ObjectStore
import WallClock

/// Ends the holds of exports that have ended. Each step may run twice, and in two functions.
struct CreditSettlement: Sendable {
    let ledger: CreditLedger
    let bucket: any Bucket

    /// Settles or refunds an export that has a result.
    /// - Returns: false if it has none yet.
    @discardableResult
    func settle(_ keys: ExportKeys) async throws -> Bool {
        try await recordLate(keys)
        guard let result = try await bucket.document(ExportResult.self, at: keys.result) else {
            return false
        }
        try await ledger.end(keys.job.text, as: end(of: result))
        return true
    }

    /// Records the charge of an export that began while the database was down.
    func recordLate(_ keys: ExportKeys) async throws {
        let key = LateCharge.key(keys)
        guard let late = try await bucket.document(LateCharge.self, at: key) else { return }
        try await ledger.holdLate(
            CreditCharge(jobID: keys.job.text, amount: late.amount, output: late.output),
            of: keys.owner.text)
        try await bucket.deleteObject(key)
    }

    /// Results without a cost, of an earlier version, use what was held.
    private func end(of result: ExportResult) -> HoldEnd {
        switch result.outcome {
        case .completed:
            .settled(
                used: result.usage?.cost.map { ledger.plans.credits(forCost: $0.total) } ?? .max)
        case .failed, .cancelled: .refunded
        }
    }
}
