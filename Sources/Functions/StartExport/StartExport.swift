import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// Accepts an edit: checks it, lowers it to a plan, and asks for every unit.
///
/// The edit and the plan are written once and never change. The same
/// `clientToken` names the same job, however often it is sent.
enum StartExport {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> Int
        /// Unguessable text of `a-z 0-9`, of the length asked for.
        var randomText: @Sendable (Int) -> String
        /// Renderers that may run at once; the planner cuts for them.
        var concurrency: Int
        /// Time limit of one renderer in seconds; chunks end well inside it.
        var renderSeconds: Int
        var deployment = Deployment()
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let acceptance = ExportAcceptance(
                owner: authorized.owner, dependencies: dependencies)
            let body = try await acceptance.resolved(try authorized.jsonObject())
            if authorized.request.rawPath.hasSuffix("/estimate") {
                return .json(status: 200, try await acceptance.estimate(body))
            }
            if let several = try await acceptance.acceptSeveral(body) {
                context.logger.info(
                    "Exports were accepted.", ["exports": .integer(several.jobs.count)])
                return .json(status: 202, several)
            }
            let accepted = try await acceptance.accept(body)
            context.logger.info(
                "An export was accepted.", ["exportId": .string(accepted.jobId)])
            return .json(status: 202, accepted)
        }
    }
}
