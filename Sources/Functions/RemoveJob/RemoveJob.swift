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

    /// The response; `removed` counts deleted results.
    private struct Answer: Encodable {
        var jobID: String
        var status: String
        var removed: Int?

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
            let state = ExportState(try await ledger.cancel().outcome)
            return Answer(jobID: job, status: StatusDialect.refresher.name(of: state))
        }
        try await remove([ledger.keys], dependencies)
        return Answer(jobID: job, status: "deleted", removed: 1)
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
        try await removeAll(status, ledger, dependencies)
        return Answer(jobID: batch, status: "deleted", removed: status.completeCount)
    }

    private static func removeAll(
        _ status: BatchStatus, _ ledger: BatchLedger, _ dependencies: Dependencies
    ) async throws {
        let (bucket, keys) = (dependencies.bucket, ledger.keys)
        let exports = status.record.outputs.map { ExportKeys(owner: keys.owner, job: $0.job) }
        try await remove(exports, dependencies)
        for export in exports { try await bucket.deleteObject(keys.recent(of: export)) }
        let uploads = BatchUploads(bucket: bucket, keys: keys, record: status.record)
        try await uploads.release()
        // Uploads that another export reads expire like any other.
        if try await !uploads.areRead() { try await uploads.delete() }
        for key in keys.all { try await bucket.deleteObject(key) }
    }

    private static func remove(
        _ exports: [ExportKeys], _ dependencies: Dependencies
    ) async throws {
        for export in exports {
            let bucket = dependencies.bucket
            let keys = try await bucket.listAllObjects(prefix: export.prefix).map(\.key)
            for key in keys + [export.active, export.recent, export.pointer] {
                try await bucket.deleteObject(key)
            }
        }
    }
}
