import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Cancels a job, or deletes the results of one that has ended.
    package static let removeJob = FunctionName("remove-job")
}

/// Cancels a running job; deletes the results of one that has ended. Batch or single export.
///
/// Safe to run twice: the batch's record goes last, so an interrupted removal is repeated.
enum RemoveJob {
    static let function = Function(.removeJob, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
        }
    }

    /// What was deleted.
    private struct Removed: Encodable {
        var exports = 0
        var objects = 0
        var bytes = 0

        mutating func add(_ report: RemovalReport) {
            exports += 1
            objects += report.objects
            bytes += report.bytes
        }
    }

    /// The response; `removed` is nil for a cancelled job.
    private struct Answer: Encodable {
        var jobID: String
        var status: String
        var removed: Removed?

        private enum CodingKeys: String, CodingKey { case jobID = "job_id", status, removed }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["DELETE"]
        ) { authorized in
            let target = try await JobTarget.find(
                authorized.jobID, owner: authorized.owner, bucket: dependencies.bucket,
                now: dependencies.now)
            let answer =
                switch target {
                case .batch(let ledger, _): try await end(ledger, dependencies)
                case .export(let found): try await end(found.ledger, dependencies)
                }
            context.logger.info(
                "Job removed",
                ["jobId": .string(answer.jobID), "status": .string(answer.status)])
            return .json(status: 200, answer)
        }
    }

    private static func end(
        _ ledger: ExportLedger, _ dependencies: Dependencies
    ) async throws -> Answer {
        let job = ledger.keys.job.text
        guard try await ledger.result() != nil else {
            try await ledger.refuseIfRemoved()
            let state = ExportState(try await ledger.cancel().outcome)
            return Answer(jobID: job, status: StatusDialect.refresher.name(of: state))
        }
        var report = Removed()
        report.add(try await remove(ledger.keys, dependencies))
        return Answer(jobID: job, status: "deleted", removed: report)
    }

    private static func end(
        _ ledger: BatchLedger, _ dependencies: Dependencies
    ) async throws -> Answer {
        let batch = ledger.keys.batch.text
        guard let (status, result) = try await ledger.status() else { throw Problem.jobNotFound }
        guard status.state.isTerminal else {
            let end = try await ledger.finish(
                BatchResult(
                    state: .cancelled, finishedAt: dependencies.now(),
                    completeCount: status.completeCount, error: status.error))
            // advance-batch cancels the exports, and the sweep repeats the request.
            try await ledger.requestAdvance()
            return Answer(jobID: batch, status: end.state.rawValue)
        }
        if result?.state == .cancelled, !status.members.allSatisfy(\.state.isTerminal) {
            // The exports are still being cancelled.
            try await ledger.requestAdvance()
            return Answer(jobID: batch, status: BatchState.cancelled.rawValue)
        }
        return Answer(
            jobID: batch, status: "deleted",
            removed: try await removeAll(status, ledger, dependencies))
    }

    private static func removeAll(
        _ status: BatchStatus, _ ledger: BatchLedger, _ dependencies: Dependencies
    ) async throws -> Removed {
        let (bucket, keys) = (dependencies.bucket, ledger.keys)
        var report = Removed()
        for output in status.record.outputs {
            let export = ExportKeys(owner: keys.owner, job: output.job)
            report.add(try await remove(export, dependencies))
            try await bucket.deleteObject(keys.recent(of: export))
        }
        // Uploads that another export reads expire like any other.
        _ = try await BatchUploads(
            bucket: bucket, keys: keys, record: status.record, now: dependencies.now
        ).delete()
        for key in keys.all { try await bucket.deleteObject(key) }
        return report
    }

    private static func remove(
        _ export: ExportKeys, _ dependencies: Dependencies
    ) async throws -> RemovalReport {
        try await ExportRemoval(bucket: dependencies.bucket, now: dependencies.now)
            .remove(export, reason: .deleted)
    }
}
