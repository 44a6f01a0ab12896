import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

/// Reads and writes the objects of one batch.
struct BatchLedger: Sendable {
    let bucket: any Bucket
    let keys: BatchKeys
    let now: @Sendable () -> UnixTime

    /// The request and its status; nil if there is no such batch.
    func status() async throws -> (status: BatchStatus, result: BatchResult?)? {
        guard let record = try await record() else { return nil }
        let members = try await members(of: record)
        // Read last: a result that is seen was written after the members it is about.
        let result = try await result()
        return (BatchStatus(record, members: members, result: result), result)
    }

    func record() async throws(ObjectStoreError) -> BatchRecord? {
        try await bucket.document(BatchRecord.self, at: keys.record)
    }

    func result() async throws(ObjectStoreError) -> BatchResult? {
        try await bucket.document(BatchResult.self, at: keys.result)
    }

    /// Writes the batch's result unless there is one.
    /// - Returns: the stored result.
    func finish(_ result: BatchResult) async throws(ObjectStoreError) -> BatchResult {
        if try await bucket.createDocument(result, at: keys.result) { return result }
        return try await self.result() ?? result
    }

    /// Has advance-batch look at the batch again.
    func requestAdvance() async throws(ObjectStoreError) {
        try await bucket.putDocument(["version": 1], at: keys.advanceRequest)
    }

    /// The export of each output. One listing covers all of them.
    private func members(of record: BatchRecord) async throws -> [BatchMember] {
        var objects: [JobID: [ObjectInfo]] = [:]
        for object in try await bucket.listAllObjects(prefix: keys.exportsPrefix) {
            guard let (export, _) = ExportKeys.parse(object.key) else { continue }
            objects[export.job, default: []].append(object)
        }
        let (bucket, owner) = (bucket, keys.owner)
        let found = objects
        return try await concurrentMap(record.outputs, limit: 8) { output in
            guard let objects = found[output.job] else { return .unwritten }
            let export = ExportKeys(owner: owner, job: output.job)
            let listing = ExportListing(objects, of: export)
            let result =
                listing.hasResult
                ? try await bucket.document(ExportResult.self, at: export.result) : nil
            return BatchMember(listing, result: result)
        }
    }
}

/// A job that a request names: a batch, or a single export.
enum JobTarget: Sendable {
    case batch(BatchLedger, BatchRecord)
    case export(JobLookup.Found)

    /// - Parameter text: `batch_…` or `job_…`.
    /// - Throws: 404 for an unknown job, 403 for another owner's export, 410 for a batch
    ///   that has expired.
    static func find(
        _ text: String?, owner: OwnerID, bucket: any Bucket, now: @escaping @Sendable () -> UnixTime
    ) async throws -> JobTarget {
        guard let text, let batch = BatchID(text) else {
            return .export(try await JobLookup(bucket: bucket, now: now).find(text, owner: owner))
        }
        let ledger = BatchLedger(
            bucket: bucket, keys: BatchKeys(owner: owner, batch: batch), now: now)
        guard let record = try await ledger.record() else { throw Problem.jobNotFound }
        guard now() < record.expiresAt else {
            throw Problem(
                status: 410, title: "Gone",
                detail: "The results expired at \(record.expiresAt.rfc3339).",
                error: "Job expired")
        }
        return .batch(ledger, record)
    }
}

extension AuthorizedRequest {
    /// The job that `/api/jobs/{jobId}` and the paths below it name.
    var jobID: String? {
        if let named = request.pathParameters["jobId"] { return named }
        let path = request.rawPath.split(separator: "/").map(String.init)
        return path.last { $0.hasPrefix("job_") || $0.hasPrefix("batch_") } ?? path.last
    }
}
