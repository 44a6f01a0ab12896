import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// The 410 response for an export that was removed: its reason and time.
struct RemovedExport: Hashable, Sendable {
    var job: JobID
    var reason: RemovalReason
    var removedAt: UnixTime

    /// One sentence for clients.
    var sentence: String {
        switch reason {
        case .deleted: "The export was deleted at \(removedAt.rfc3339)."
        case .expired: "The export expired at \(removedAt.rfc3339)."
        }
    }

    /// The problem with its `state`: `deleted` or `expired`.
    var problem: Problem {
        Problem(
            status: 410, title: "Gone", detail: sentence,
            members: [
                "jobId": .string(job.text), "state": .string(reason.rawValue),
                "removedAt": .string(removedAt.rfc3339),
            ])
    }

    /// The answer to a poll: `status` and `error` as in the status of an export that failed.
    func status(_ pointer: JobPointer) -> FunctionURLResponse {
        let isPlain = pointer.dialect == .spool
        return .json(
            status: 410,
            RemovedStatus(
                jobId: job.text,
                status: isPlain ? reason.rawValue : pointer.dialect.name(of: .expired),
                state: reason.rawValue, error: sentence,
                createdAt: pointer.createdAt.rfc3339, removedAt: removedAt.rfc3339))
    }
}

private struct RemovedStatus: Encodable {
    var jobId: String
    var status: String
    var state: String
    var error: String
    var createdAt: String
    var removedAt: String
}

extension ExportLedger {
    /// The removal of an export whose pointer exists; nil if the export is present.
    func removal(
        _ listing: ExportListing, _ pointer: JobPointer, _ policy: RetentionPolicy
    ) async throws(ObjectStoreError) -> RemovedExport? {
        switch listing.presence {
        case .present: return nil
        case .removed:
            if let tombstone = try await bucket.document(
                ExportTombstone.self, at: keys.tombstone)
            {
                return RemovedExport(
                    job: keys.job, reason: tombstone.reason, removedAt: tombstone.removedAt)
            }
            fallthrough
        case .expired:
            return RemovedExport(
                job: keys.job, reason: .expired, removedAt: policy.expiry(of: pointer))
        }
    }

    /// - Throws: the 410 problem if the export was removed.
    func refuseIfRemoved() async throws {
        guard
            let tombstone = try await bucket.document(
                ExportTombstone.self, at: keys.tombstone)
        else { return }
        throw RemovedExport(
            job: keys.job, reason: tombstone.reason, removedAt: tombstone.removedAt
        ).problem
    }
}
