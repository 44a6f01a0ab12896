import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// One page of an owner's batches and single exports, newest first.
struct JobList: Encodable {
    enum Entry: Encodable, Sendable {
        case batch(BatchDocument)
        case export(JobDocument)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .batch(let document): try document.encode(to: encoder)
            case .export(let document): try document.encode(to: encoder)
            }
        }
    }

    var jobs: [Entry]
    /// `after` of the next page; nil on the last one.
    var next: String?

    /// Entries of a page unless the request sets `limit`, and the largest `limit`.
    static let entryCount = 20, entryCountMax = 100
    /// A page that a request describes: `?limit=20&after=…`.
    struct Page: Sendable {
        var limit: Int
        var after: String?

        /// - Throws: a 400 problem that names the parameter.
        init(_ request: FunctionURLRequest) throws(Problem) {
            let text = request.queryStringParameters["limit"] ?? "\(entryCount)"
            guard let limit = Int(text), (1...entryCountMax).contains(limit) else {
                throw Problem.invalid([
                    FieldFault(
                        pointer: "/limit", detail: "must be a number from 1 to \(entryCountMax)")
                ])
            }
            self.limit = limit
            after = request.queryStringParameters["after"]
        }
    }

    /// Reads keys, then one or two documents for each entry: the cost does not grow with the
    /// number of jobs. The exports of a batch are skipped in the listing.
    init(_ page: Page, of owner: OwnerID, _ dependencies: ReadJobs.Dependencies) async throws {
        let oldest = dependencies.now() - ExportList.reach
        let (found, next) = try await Self.keys(page, of: owner, dependencies.bucket)
        let fresh = found.filter { $0.time >= oldest }
        let entries = try await concurrentMap(fresh, limit: 16) { entry in
            try await Self.entry(entry, dependencies)
        }
        jobs = entries.compactMap { $0 }
        self.next = fresh.count == found.count ? next : nil
    }

    private static func keys(
        _ page: Page, of owner: OwnerID, _ bucket: any Bucket
    ) async throws -> (entries: [RecentEntry], next: String?) {
        let prefix = ExportKeys.recentPrefix(of: owner)
        var start = page.after.map { prefix + $0 }
        var found: [RecentEntry] = []
        // Single exports fill the page at once; the exports of batches need longer listings.
        var keyCount = page.limit + 1
        while true {
            let listed = try await bucket.listObjects(
                prefix: prefix, startAfter: start, keyCountMax: keyCount)
            keyCount = 1_000
            for object in listed.objects {
                guard let entry = RecentEntry(object.key), !entry.isOutput else { continue }
                if found.count == page.limit, let last = found.last {
                    return (found, String(last.end.dropFirst(prefix.count)))
                }
                found.append(entry)
            }
            guard listed.isTruncated, let last = listed.objects.last else { return (found, nil) }
            start = RecentEntry(last.key)?.end ?? last.key.text
        }
    }

    private static func entry(
        _ entry: RecentEntry, _ dependencies: ReadJobs.Dependencies
    ) async throws -> Entry? {
        let bucket = dependencies.bucket
        switch entry {
        case .output: return nil
        case .export(let keys):
            let ledger = ExportLedger(bucket: bucket, keys: keys, now: dependencies.now)
            let result = try await ledger.result()
            var state = result.map { ExportState($0.outcome) }
            if state == nil {
                let listing = try await ledger.listing()
                guard listing.presence == .present else { return nil }
                state = ExportStatus(listing, result: nil).state
            }
            guard let state else { return nil }
            var document = JobDocument(
                state, jobId: keys.job.text, createdAt: keys.job.time.rfc3339)
            document.error = result?.error
            document.size = result?.output?.bytes
            document.finishedAt = result.map { $0.finishedAt.rfc3339 }
            return .export(document)
        case .batch(let keys):
            let ledger = BatchLedger(bucket: bucket, keys: keys, now: dependencies.now)
            if let record = try await ledger.record(), let result = try await ledger.result() {
                let isExpired = dependencies.now() >= record.expiresAt
                return isExpired ? nil : .batch(BatchDocument(record, ended: result))
            }
            guard let (status, _) = try await ledger.status() else { return nil }
            var document = BatchDocument(status)
            document.results = nil
            return .batch(document)
        }
    }
}

extension RecentEntry {
    fileprivate var isOutput: Bool {
        if case .output = self { true } else { false }
    }

    fileprivate var time: UnixTime {
        switch self {
        case .export(let keys): keys.job.time
        case .batch(let keys), .output(_, let keys): keys.batch.time
        }
    }

    /// The key behind the entry and, for a batch, behind its exports.
    fileprivate var end: String {
        switch self {
        case .export: key.text
        case .batch(let batch), .output(_, let batch): RecentEntry.end(of: batch)
        }
    }
}
