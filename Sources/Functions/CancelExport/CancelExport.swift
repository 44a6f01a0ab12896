import Jobs
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Cancels an export.
    package static let cancelExport = FunctionName("cancel-export")
}

/// Cancels an export. An export that has ended keeps its result.
enum CancelExport {
    static let function = Function(
        .cancelExport, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
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
            // `cancel.json` is written before the result: renderers that see it stop within two
            // seconds, even if another result is first.
            let result = try await found.ledger.cancel()
            let state = ExportState(result.outcome)
            return .json(
                status: 200,
                CancelResponse(
                    jobId: found.ledger.keys.job.text,
                    status: found.pointer.dialect.name(of: state), state: state.rawValue))
        }
    }
}

private struct CancelResponse: Encodable {
    var jobId: String
    var status: String
    var state: String
}
