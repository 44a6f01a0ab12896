import Jobs
import ObjectStore
import WallClock

/// The exports of one owner in the last 30 days, newest first. One that has expired is listed
/// until then, one that was deleted is not.
struct ExportList: Encodable {
    struct Entry: Encodable, Sendable {
        var jobId: String
        var status: String
        var createdAt: String
    }
    var exports: [Entry]

    /// Maximum number of exports in one response.
    static let entryCountMax = 100
    /// Age of the oldest export: the longest retention.
    static let reach = Duration.seconds(RetentionPolicy.exportSecondsRange.upperBound)

    /// Reads the newest keys and one result each; only an export without a result is
    /// listed. The cost does not grow with the number of exports or objects.
    static func of(
        _ owner: OwnerID, _ dependencies: JobStatus.Dependencies
    ) async throws -> ExportList {
        let page = try await dependencies.bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil,
            keyCountMax: entryCountMax)
        let oldest = dependencies.now() - reach
        let newest = page.objects.compactMap { ExportKeys.parseRecent($0.key) }
            .filter { $0.job.time >= oldest }
            .sorted { $0.job.text > $1.job.text }
        let entries = try await concurrentMap(newest, limit: 8) { keys in
            let ledger = ExportLedger(
                bucket: dependencies.bucket, keys: keys, now: dependencies.now)
            return Entry(
                jobId: keys.job.text, status: try await state(of: ledger).rawValue,
                createdAt: keys.job.time.rfc3339)
        }
        return ExportList(exports: entries)
    }

    private static func state(of ledger: ExportLedger) async throws -> ExportState {
        if let result = try await ledger.result() { return ExportState(result.outcome) }
        let listing = try await ledger.listing()
        guard listing.presence == .present else { return .expired }
        return ExportStatus(listing, result: nil).state
    }
}
