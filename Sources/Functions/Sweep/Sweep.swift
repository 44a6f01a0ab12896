import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans
import WallClock

extension FunctionName {
    /// Repairs exports that lost an event.
    package static let sweep = FunctionName("sweep")
}

/// Repairs exports that lost an event: once a minute it lists the `active/` markers and
/// performs the actions of `SweepDecision`. It is also the destination of the dead letters of
/// the functions that work on exports and assets.
enum Sweep {
    static let function = Function(
        .sweep, schedule: { try await handle($0, $1, Dependencies($2)) },
        deadLetter: { try await DeadLetters(Dependencies($2), $1).handle($0) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
        }
    }

    /// Counts of one sweep; the response to a direct invoke.
    struct Report: Codable, Hashable, Sendable {
        var active = 0
        var actions = 0
    }

    /// Remaining time below which the rest is left to the next minute.
    static let reserve = Duration.seconds(5)

    /// - Parameter event: The tick; nil for a direct invoke.
    /// - Throws: when the markers cannot be listed. An error of one export is logged,
    ///   and the sweep continues with the next.
    static func handle(
        _ event: ScheduledEvent?, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> Report {
        var report = Report()
        let markers = try await dependencies.bucket.listAllObjects(
            prefix: ExportKeys.activePrefix)
        for marker in markers {
            guard context.deadline - dependencies.now() > reserve else {
                break
            }
            report.active += 1
            do {
                report.actions += try await sweep(marker.key, dependencies)
            } catch {
                context.logger.error(
                    "Sweep of an export failed",
                    ["key": .string(marker.key.text), "error": .string("\(error)")])
            }
        }
        return report
    }

    private static func sweep(
        _ marker: ObjectKey, _ dependencies: Dependencies
    ) async throws -> Int {
        let bucket = dependencies.bucket
        let text = String(marker.text.dropFirst(ExportKeys.activePrefix.count))
        if let batch = BatchID(text),
            let found = try await bucket.document(BatchMarker.self, at: marker),
            let owner = OwnerID(found.owner)
        {
            let keys = BatchKeys(owner: owner, batch: batch)
            try await BatchLedger(bucket: bucket, keys: keys, now: dependencies.now)
                .requestAdvance()
            return 1
        }
        guard let pointer = try await bucket.document(JobPointer.self, at: marker),
            let owner = OwnerID(pointer.owner), let job = JobID(text)
        else {
            try await bucket.deleteObject(marker)
            return 1
        }
        let ledger = ExportLedger(
            bucket: bucket, keys: ExportKeys(owner: owner, job: job), now: dependencies.now)
        let listing = try await ledger.listing()
        let plan = try await ledger.usablePlan()
        let actions = SweepDecision.actions(for: listing, plan: plan, now: dependencies.now())
        for action in actions { try await perform(action, ledger) }
        return actions.count
    }

    private static func perform(_ action: SweepAction, _ ledger: ExportLedger) async throws {
        let bucket = ledger.bucket
        let stitch = StitchRequest(jobID: ledger.keys.job.text)
        switch action {
        case .removeMarker:
            if let result = try await ledger.result() {
                try await ledger.close(result)
            } else {
                try await bucket.deleteObject(ledger.keys.active)
            }
        case .writeRequest(let unit):
            try await ledger.requestUnit(unit)
        case .repeatRequest(let unit):
            try await ledger.repeatRequest(unit)
        case .noteStall:
            try await bucket.putDocument(["version": 1], at: ledger.keys.stall)
        case .writeStitchRequest:
            _ = try await bucket.createDocument(stitch, at: ledger.keys.stitchRequest)
        case .repeatStitchRequest:
            try await ledger.repeatStitchRequest()
        case .fail(let sentence):
            try await ledger.fail(sentence)
        case .cancel:
            try await ledger.cancel()
        }
    }
}
