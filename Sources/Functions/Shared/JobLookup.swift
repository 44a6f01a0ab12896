import Jobs
import ObjectStore
import WallClock

/// Finds the export that a request names and checks its owner.
struct JobLookup: Sendable {
    let bucket: any Bucket
    let now: @Sendable () -> UnixTime

    struct Found: Sendable {
        var ledger: ExportLedger
        var pointer: JobPointer
    }

    /// - Throws: the 404 problem for an unknown job, the 403 problem for one of
    ///   another owner.
    func find(_ text: String?, owner: OwnerID) async throws -> Found {
        guard let text, let job = JobID(text),
            let pointer = try await bucket.document(
                JobPointer.self, at: ExportKeys.pointer(job))
        else { throw Problem.jobNotFound }
        guard pointer.owner == owner.text else { throw Problem.foreignJob }
        let keys = ExportKeys(owner: owner, job: job)
        return Found(
            ledger: ExportLedger(bucket: bucket, keys: keys, now: now), pointer: pointer)
    }
}
