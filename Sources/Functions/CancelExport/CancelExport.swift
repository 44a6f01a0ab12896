import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Cancels an export or removes it.
    package static let cancelExport = FunctionName("cancel-export")
}

/// Cancels an export that runs. DELETE of one that has ended removes its files; POST never does.
enum CancelExport {
    static let function = Function(
        .cancelExport, url: { await handle($0, $1, Dependencies($2)) })

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
            to: request, context, authorizer: dependencies.authorizer,
            methods: ["DELETE", "POST"]
        ) { authorized in
            let lookup = JobLookup(bucket: dependencies.bucket, now: dependencies.now)
            let found = try await lookup.find(
                authorized.pathParameter("jobId"), owner: authorized.owner)
            let listing = try await found.ledger.listing()
            if authorized.request.method == "DELETE",
                try await hasEnded(found.ledger, listing, dependencies)
            {
                return try await remove(found, context, dependencies)
            }
            if let removed = try await found.ledger.removal(
                listing, found.pointer, dependencies.retention)
            {
                throw removed.problem
            }
            // `cancel.json` is written before the result: renderers that see it stop within two
            // seconds, even if another result is first.
            let result = try await found.ledger.cancel()
            let removal = ExportRemoval(bucket: dependencies.bucket, now: dependencies.now)
            try await removal.cleanUp(found.ledger.keys)
            let state = ExportState(result.outcome)
            return .json(
                status: 200,
                CancelResponse(
                    jobId: found.ledger.keys.job.text,
                    status: found.pointer.dialect.name(of: state), state: state.rawValue))
        }
    }

    /// Time for which a repeated DELETE counts as the one that cancelled the export.
    static let repeatTime = Duration.seconds(60)

    /// True if a DELETE is to remove files. The repetition of one that cancelled is not.
    private static func hasEnded(
        _ ledger: ExportLedger, _ listing: ExportListing, _ dependencies: Dependencies
    ) async throws -> Bool {
        guard listing.presence == .present else { return true }
        guard listing.hasResult, let result = try await ledger.result() else { return false }
        return result.outcome != .cancelled
            || dependencies.now() - result.finishedAt > repeatTime
    }

    private static func remove(
        _ found: JobLookup.Found, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> FunctionURLResponse {
        let removal = ExportRemoval(bucket: dependencies.bucket, now: dependencies.now)
        let report = try await removal.remove(found.ledger.keys, reason: .deleted)
        context.logger.info(
            "Export removed",
            [
                "exportId": .string(report.jobId), "owner": .string(found.pointer.owner),
                "objects": .integer(report.objects), "bytes": .integer(report.bytes),
            ])
        return .json(
            status: 200,
            CancelResponse(
                jobId: report.jobId, status: report.reason.rawValue,
                state: report.reason.rawValue, removed: report))
    }
}

private struct CancelResponse: Encodable {
    var jobId: String
    var status: String
    var state: String
    /// Objects that were removed; nil for a cancel.
    var removed: RemovalReport?
}
