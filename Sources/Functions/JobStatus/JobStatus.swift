import Captions
import Jobs
import LambdaRuntime
import ObjectStore
import RenderPlans
import WallClock

extension FunctionName {
    /// Reports the state of exports.
    package static let jobStatus = FunctionName("job-status")
}

/// Reports the progress of exports and the URLs of their results.
///
/// The state is derived from one listing of the export's objects; there is no status
/// record.
enum JobStatus {
    static let function = Function(
        .jobStatus, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Age at which an export is removed.
        var retention = RetentionPolicy()

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            retention = services.retention
        }
    }

    /// Lifetime of a download URL.
    static let downloadURLLifetime = Duration.seconds(86_400)

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["GET", "HEAD"]
        ) { authorized in
            let call = Call(authorized)
            if call.target == .list {
                return .json(
                    status: 200, try await ExportList.of(authorized.owner, dependencies))
            }
            let lookup = JobLookup(bucket: dependencies.bucket, now: dependencies.now)
            let found = try await lookup.find(call.jobID, owner: authorized.owner)
            let listing = try await found.ledger.listing()
            if let removed = try await found.ledger.removal(
                listing, found.pointer, dependencies.retention)
            {
                guard call.target == .status else { throw removed.problem }
                return removed.status(found.pointer)
            }
            switch call.target {
            case .playlist(let name):
                return try await StreamPlaylist.answer(
                    name, found.ledger, listing, dependencies.bucket)
            case .download:
                return try redirect(
                    try await status(found, listing, dependencies.retention, dependencies.bucket)
                        .document)
            case .status, .list:
                return .json(
                    status: 200,
                    try await status(found, listing, dependencies.retention, dependencies.bucket)
                        .document)
            }
        }
    }

    /// A call, read from its path.
    private struct Call {
        enum Target: Equatable {
            /// `GET /api/exports`
            case list
            /// `GET /api/export/{jobId}` or `…/status`
            case status
            /// `GET /api/export/{jobId}/download`
            case download
            /// `GET /api/export/{jobId}/hls/{playlist}`
            case playlist(StreamPlaylist.Name)
        }

        var target: Target
        /// Nil for the list, or if the path has none.
        var jobID: String?

        init(_ authorized: AuthorizedRequest) {
            let path = authorized.request.rawPath.split(separator: "/").map(String.init)
            let named = authorized.request.pathParameters["jobId"]
            switch path.last {
            case nil, "exports":
                (target, jobID) = (.list, nil)
            case "status":
                (target, jobID) = (.status, named ?? path.dropLast().last)
            case "download":
                (target, jobID) = (.download, named ?? path.dropLast().last)
            case let last?:
                if let name = StreamPlaylist.Name(rawValue: last) {
                    (target, jobID) = (.playlist(name), named ?? path.dropLast(2).last)
                } else {
                    (target, jobID) = (.status, authorized.pathParameter("jobId"))
                }
            }
        }
    }

    /// The status of an export and the document that clients read.
    static func status(
        _ found: JobLookup.Found, _ listing: ExportListing, _ retention: RetentionPolicy,
        _ bucket: any Bucket
    ) async throws -> (status: ExportStatus, document: StatusDocument) {
        let result = listing.hasResult ? try await found.ledger.result() : nil
        var audioOnlyFrameCount: Int?
        if listing.frames == nil, listing.hasPlan, result == nil {
            audioOnlyFrameCount = try await found.ledger.plan().frameCount
        }
        let status = ExportStatus(
            listing, result: result, audioOnlyFrameCount: audioOnlyFrameCount)
        var document = StatusDocument(
            status, job: found.ledger.keys.job, pointer: found.pointer)
        document.expiresAt = retention.expiry(of: found.pointer).rfc3339
        document.warnings = WarningDocument.list(
            try await warnings(result, listing, found, bucket))
        if !listing.streamedChunks.isEmpty {
            document.playlist = StreamPlaylist.path(found.ledger.keys.job)
        }
        if let output = result?.output {
            let key = ObjectKey(output.key)
            let name = "\(found.ledger.keys.job.text).\(key.text.split(separator: ".").last ?? "")"
            document.downloadUrl = try await bucket.presignedURL(
                .get(key, downloadName: name), expiresIn: downloadURLLifetime,
                audience: .client)
        }
        for file in result?.captions ?? [] {
            let name = "\(found.ledger.keys.job.text).\(file.format.rawValue)"
            document.captionUrls = document.captionUrls ?? [:]
            document.captionUrls?[file.format.rawValue] =
                try await bucket
                .presignedURL(
                    .get(ObjectKey(file.key), downloadName: name),
                    expiresIn: downloadURLLifetime,
                    audience: .client)
        }
        return (status, document)
    }

    /// The warnings of the result, or those of the plan while there is none.
    private static func warnings(
        _ result: ExportResult?, _ listing: ExportListing, _ found: JobLookup.Found,
        _ bucket: any Bucket
    ) async throws -> [MediaWarning]? {
        if let warnings = result?.warnings { return warnings }
        guard listing.hasWarnings else { return nil }
        return try await bucket.document([MediaWarning].self, at: found.ledger.keys.warnings)
    }

    private static func redirect(
        _ document: StatusDocument
    ) throws(Problem) -> FunctionURLResponse {
        guard let url = document.downloadUrl else {
            throw Problem(
                status: 409, title: "Not completed",
                detail: "The export is \(document.state) and has no result to download.")
        }
        return FunctionURLResponse(
            statusCode: 302, headers: ["location": url, "cache-control": "no-store"], body: nil)
    }
}
