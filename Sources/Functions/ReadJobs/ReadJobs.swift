import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Reports batches and single exports under `/api/jobs`.
    package static let readJobs = FunctionName("read-jobs")
}

/// Reports jobs: a batch in Video Refresher's words, a single export in ClipForge's.
///
/// The state is derived from the exports' objects; there is no status record.
enum ReadJobs {
    static let function = Function(.readJobs, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        var retention: RetentionPolicy

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            retention = services.retention
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["GET", "HEAD"]
        ) { authorized in
            if request.pathParameters["jobId"] == nil,
                ["jobs", nil].contains(request.rawPath.split(separator: "/").last)
            {
                let page = try JobList.Page(request)
                return .json(
                    status: 200, try await JobList(page, of: authorized.owner, dependencies))
            }
            let target = try await JobTarget.find(
                authorized.jobID, owner: authorized.owner, bucket: dependencies.bucket,
                now: dependencies.now)
            switch target {
            case .batch(let ledger, _):
                guard let (status, _) = try await ledger.status() else {
                    throw Problem.jobNotFound
                }
                return .json(status: 200, BatchDocument(status))
            case .export(let found):
                let listing = try await found.ledger.listing()
                if let removed = try await found.ledger.removal(
                    listing, found.pointer, dependencies.retention)
                {
                    var pointer = found.pointer
                    pointer.dialect = .clipforge
                    return removed.status(pointer)
                }
                let (status, document) = try await JobStatus.status(
                    found, listing, dependencies.retention, dependencies.bucket)
                return .json(status: 200, JobDocument(status, document))
            }
        }
    }
}
