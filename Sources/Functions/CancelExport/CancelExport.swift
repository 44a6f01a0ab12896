import Jobs
import LambdaRuntime
import ObjectStore

/// Stops an export. One that has ended keeps its end.
enum CancelExport {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> Int
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
            // The marker comes first: a renderer that sees it stops within two
            // seconds, whoever wins the result.
            let result = try await found.ledger.cancel()
            let state = ExportState(result.outcome)
            return .json(
                status: 200,
                CancelAnswer(
                    jobId: found.ledger.keys.job.text,
                    status: found.pointer.dialect.name(of: state), state: state.rawValue))
        }
    }
}

private struct CancelAnswer: Encodable {
    var jobId: String
    var status: String
    var state: String
}
