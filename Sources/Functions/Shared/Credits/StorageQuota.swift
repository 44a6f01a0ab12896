import Credits
import Database
import Jobs
import JSON
import ObjectStore

/// The bytes of uploads that the plan of a workspace allows.
struct StorageQuota: Sendable {
    let ledger: CreditLedger?
    let bucket: any Bucket
    let owner: OwnerID

    /// Permits an upload while the database is down.
    /// - Parameter bytes: Size of the upload; 0 if it is not known yet.
    /// - Throws: a 402 problem with the limit.
    func check(adding bytes: Int) async throws {
        guard let ledger, let limit = try await limit(ledger) else { return }
        let objects = try await bucket.listAllObjects(prefix: AssetKeys.uploadPrefix(of: owner))
        let stored = objects.reduce(0) { $0 + $1.bytes }
        // An upload of unknown size needs room for one byte at least.
        let (sum, isTooLarge) = stored.addingReportingOverflow(max(1, bytes))
        guard !isTooLarge, sum <= limit else {
            throw Problem(
                status: 402, title: "Payment required",
                detail: "The plan allows \(limit) bytes of uploads; \(stored) are stored.",
                faults: [FieldFault(pointer: "/size", detail: "exceeds what the plan has left")],
                error: "Storage is full",
                members: ["limit": .integer(limit), "stored": .integer(stored)])
        }
    }

    private func limit(_ ledger: CreditLedger) async throws -> Int? {
        do {
            return try await ledger.plan(of: owner.text).limits.storedBytes
        } catch let error as DatabaseError where error.code.isOutage {
            return nil
        }
    }
}
