import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Removes what has expired.
    package static let expire = FunctionName("expire")
}

/// Removes what is due: exports and uploads at the end of their retention, removals that were
/// interrupted, and the chunks beyond the size limit of the cache.
///
/// The index `due/` is in order of time, so a run reads what is due and one key more.
enum Expire {
    static let function = Function(
        .expire, schedule: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime
        var retention: RetentionPolicy
        var cacheBytesMax: Int?

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
            retention = services.retention
            cacheBytesMax = services.cacheBytesMax
        }
    }

    /// Counts of one run; the response to a direct invoke.
    struct Report: Codable, Hashable, Sendable {
        /// Entries that were due, without those of uploads.
        var due = 0
        /// Uploads whose grant had expired, complete or abandoned.
        var uploads = 0
        /// Exports that were removed, or whose removal was looked after again.
        var exports = 0
        /// Assets that were removed.
        var assets = 0
        /// Owners whose removal was continued.
        var owners = 0
        /// Chunks that were removed from the cache.
        var chunks = 0
    }

    /// Remaining time below which the rest is left to the next run.
    static let reserve = Duration.seconds(10)

    /// - Parameter event: The tick; nil for a direct invoke.
    /// - Throws: when the index or the cache cannot be listed. An error of one entry is logged,
    ///   and the run continues with the next.
    static func handle(
        _ event: ScheduledEvent?, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> Report {
        var report = Report()
        let now = dependencies.now()
        for try await object in dependencies.bucket.objects(prefix: DueEntry.prefix) {
            guard let entry = DueEntry(object.key) else { continue }
            guard entry.time <= now, context.deadline - dependencies.now() > reserve else { break }
            if case .upload = entry.subject { report.uploads += 1 } else { report.due += 1 }
            do {
                try await DueWork(entry: entry, context: context, dependencies: dependencies)
                    .perform(&report)
            } catch {
                context.logger.error(
                    "Removal failed",
                    ["key": .string(object.key.text), "error": .string("\(error)")])
            }
        }
        if let bytesMax = dependencies.cacheBytesMax {
            let trim = CacheTrim(bucket: dependencies.bucket, bytesMax: bytesMax)
            report.chunks = try await trim.perform()
        }
        if report.exports + report.assets + report.chunks > 0 {
            context.logger.info(
                "Expired objects removed",
                [
                    "exports": .integer(report.exports), "assets": .integer(report.assets),
                    "chunks": .integer(report.chunks),
                ])
        }
        return report
    }
}

/// One entry of the index that is due.
struct DueWork: Sendable {
    let entry: DueEntry
    let context: InvocationContext
    let dependencies: Expire.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    func perform(_ report: inout Expire.Report) async throws {
        switch entry.subject {
        case .export(let job):
            try await export(ExportKeys(owner: entry.owner, job: job), &report)
        case .asset(let asset):
            try await self.asset(AssetKeys(owner: entry.owner, asset: asset), &report)
        case .upload(let asset):
            try await upload(AssetKeys(owner: entry.owner, asset: asset), &report)
        case .everything:
            report.owners += 1
            let removal = OwnerRemoval(
                owner: entry.owner, bucket: bucket, now: dependencies.now)
            let record = try await removal.advance(until: context.deadline - Expire.reserve)
            if record == nil || record?.finishedAt != nil {
                try await bucket.deleteObject(entry.key)
            }
        }
    }

    /// An asset that an export reads is looked at again later.
    private func asset(_ keys: AssetKeys, _ report: inout Expire.Report) async throws {
        let removal = AssetRemoval(keys: keys, bucket: bucket, now: dependencies.now)
        do {
            _ = try await removal.perform()
            report.assets += 1
        } catch let problem as Problem where problem.status == 409 {
            let later = dependencies.now() + ExpiryDecision.runningInterval
            try await bucket.putMarker(
                DueEntry(at: later, owner: keys.owner, .asset(keys.asset)).key)
        } catch let problem as Problem where problem.status == 404 {
            try await removal.deleteLateWrites()
        }
        try await bucket.deleteObject(entry.key)
    }

    /// An upload whose grant has expired: it is removed if its bytes never arrived.
    private func upload(_ keys: AssetKeys, _ report: inout Expire.Report) async throws {
        let record = try await bucket.document(UploadRecord.self, at: keys.upload)
        if let record, try await !bucket.objectExists(keys.record),
            try await !bucket.objectExists(ObjectKey(record.key))
        {
            try await asset(keys, &report)
        } else {
            try await bucket.deleteObject(entry.key)
        }
    }

    private func export(_ keys: ExportKeys, _ report: inout Expire.Report) async throws {
        let ledger = ExportLedger(bucket: bucket, keys: keys, now: dependencies.now)
        let listing = try await ledger.listing()
        let decision = ExpiryDecision(
            try await bucket.document(JobPointer.self, at: keys.pointer), listing,
            listing.hasResult ? try await ledger.result() : nil, policy: dependencies.retention,
            now: dependencies.now())
        switch decision {
        case .drop: break
        case .move(let time):
            try await bucket.putMarker(
                DueEntry(at: time, owner: keys.owner, .export(keys.job)).key)
        case .remove:
            let removal = ExportRemoval(bucket: bucket, now: dependencies.now)
            _ = try await removal.remove(keys, reason: .expired)
            report.exports += 1
            // The removal deletes its own entry once no late writer is left.
            let tombstone = try await bucket.document(ExportTombstone.self, at: keys.tombstone)
            if let tombstone, entry == ExportRemoval.dueEntry(keys, tombstone) { return }
        }
        try await bucket.deleteObject(entry.key)
    }
}
