import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Advances batches: starts their exports, ends them, deletes their uploads.
    package static let advanceBatch = FunctionName("advance-batch")
}

/// Advances a batch by one step. `BatchDecision` chooses the steps and `BatchWork` performs them.
///
/// Triggered by `batches/*.advance.json`, which create-batch and the sweep write, and by the
/// removal of an export's `active/` marker, which follows its result.
enum AdvanceBatch {
    static let function = Function(
        .advanceBatch, object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime
        var limits: BatchLimits
        /// Plans and writes the exports.
        var starting: StartExport.Dependencies

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
            limits = services.batchLimits
            starting = StartExport.Dependencies(services)
        }
    }

    /// - Throws: when the store failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            let key = ObjectKey(record.key)
            guard let keys = try await batch(of: key, in: dependencies.bucket) else { continue }
            try await BatchWork(keys: keys, dependencies: dependencies, context: context).run()
        }
    }

    /// The batch of an advance request, or of an export whose marker was removed; nil for a
    /// single export.
    private static func batch(
        of key: ObjectKey, in bucket: any Bucket
    ) async throws -> BatchKeys? {
        if let keys = BatchKeys(advanceRequest: key) { return keys }
        guard key.text.hasPrefix(ExportKeys.activePrefix),
            let job = JobID(String(key.text.dropFirst(ExportKeys.activePrefix.count))),
            let pointer = try await bucket.document(JobPointer.self, at: ExportKeys.pointer(job)),
            let owner = OwnerID(pointer.owner), let batch = pointer.batch.flatMap(BatchID.init)
        else { return nil }
        return BatchKeys(owner: owner, batch: batch)
    }
}
