import Credits
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Ends holds of credits that an event did not end.
    package static let settleCredits = FunctionName("settle-credits")
}

/// Repairs the ledger once a minute: records charges of exports that began while the database was
/// down, ends holds whose export has ended, and gives back holds whose export never began. Deletes
/// buckets of rates that are full.
enum SettleCredits {
    static let function = Function(
        .settleCredits, schedule: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime
        var credits: CreditServices

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
            credits = services.credits
        }
    }

    /// Counts of one run; the response to a direct invoke.
    struct Report: Codable, Hashable, Sendable {
        var late = 0
        var settled = 0
        var expired = 0
    }

    /// Age below which a hold is left to the event of its result.
    static let settlingTime = Duration.seconds(10)
    /// Age of a rate's bucket that is full again, whatever its limit.
    private static let bucketTime = Duration.seconds(3_600)
    /// Holds of one run.
    private static let holdCountMax = 500
    /// Remaining time below which the rest is left to the next minute.
    private static let reserve = Duration.seconds(5)

    /// - Throws: when the database or the store failed. The next minute continues.
    static func handle(
        _ event: ScheduledEvent?, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> Report {
        var report = Report()
        try await dependencies.credits.rates?.limiter.forget(
            before: dependencies.now() - bucketTime)
        guard let ledger = dependencies.credits.ledger else { return report }
        let settlement = CreditSettlement(ledger: ledger, bucket: dependencies.bucket)
        for charge in try await dependencies.bucket.listAllObjects(prefix: LateCharge.prefix) {
            guard let keys = LateCharge.export(charge.key) else { continue }
            try await settlement.recordLate(keys)
            report.late += 1
        }
        let holds = try await ledger.openHolds(
            before: dependencies.now() - settlingTime, countMax: holdCountMax)
        for hold in holds {
            guard context.deadline - dependencies.now() > reserve else { break }
            try await settle(hold, settlement, dependencies, &report)
        }
        return report
    }

    private static func settle(
        _ hold: OpenHold, _ settlement: CreditSettlement, _ dependencies: Dependencies,
        _ report: inout Report
    ) async throws {
        let bucket = dependencies.bucket
        guard let owner = OwnerID(hold.workspaceID), let job = JobID(hold.jobID) else { return }
        let keys = ExportKeys(owner: owner, job: job)
        if try await settlement.settle(keys) {
            report.settled += 1
        } else if dependencies.now() >= hold.expiresAt {
            // An export that runs keeps its marker until its result.
            if try await bucket.objectExists(keys.active) {
                try await settlement.ledger.extend(hold.jobID)
            } else if try await !settlement.settle(keys) {
                try await settlement.ledger.end(hold.jobID, as: .expired)
                report.expired += 1
            }
        }
    }
}
