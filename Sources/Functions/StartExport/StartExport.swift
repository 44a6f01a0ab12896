import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans
import WallClock

extension FunctionName {
    /// Accepts exports and estimates their cost.
    package static let startExport = FunctionName("start-export")
}

/// Accepts an edit: checks it, lowers it to a plan, writes the job and requests every
/// unit. Or estimates its cost.
///
/// Edit and plan are written once and never change. The same `clientToken` always names
/// the same job.
enum StartExport {
    static let function = Function(
        .startExport, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Unguessable text of `a-z 0-9`, of the requested length.
        var randomText: @Sendable (Int) -> String
        /// Number of renderers that may run at once; it decides the number of chunks.
        var concurrency: Int
        /// Time limit of one renderer in seconds; chunks are planned well below it.
        var renderTimeMax: Duration
        var deployment = Deployment()
        /// Hardware encoders of the renderers; nil to try them here.
        var hardwareEncoders: Set<RenderPlan.VideoEncoding.Encoder>?
        /// Age at which an export is removed.
        var retention = RetentionPolicy()
        /// Limit of an owner's exports.
        var admission = ExportAdmission()
        /// Units of one export that are requested at a time.
        var window = RequestWindow()

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
            concurrency = services.concurrency
            renderTimeMax = services.renderTimeMax
            deployment = services.deployment
            hardwareEncoders = services.hardwareEncoders
            retention = services.retention
            admission = services.admission
            window = services.window
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let route = Route(authorized.request)
            if route == .start {
                try await OwnerRemoval.refuseNewWork(of: authorized.owner, dependencies.bucket)
            }
            let stored = StoredEdit(bucket: dependencies.bucket, owner: authorized.owner)
            let body = try await stored.resolved(try authorized.jsonObject())
            let acceptance = ExportAcceptance(
                owner: authorized.owner, dependencies: dependencies)
            let planned = try await acceptance.planned(body)
            switch (route, planned) {
            case (.estimate, _):
                return .json(
                    status: 200,
                    try await ExportEstimate(
                        of: planned.plans, for: authorized.owner, dependencies))
            case (.start, .one(let edit, let plan)):
                let accepted = try await acceptance.accept(edit, plan, body: body)
                context.logger.info("Export accepted", ["exportId": .string(accepted.jobId)])
                return .json(status: 202, accepted)
            case (.start, .several(let exports)):
                let accepted = try await acceptance.acceptSeveral(exports, body: body)
                context.logger.info(
                    "Exports accepted", ["exports": .integer(accepted.jobs.count)])
                return .json(status: 202, accepted)
            }
        }
    }

    /// The call, by the last component of its path.
    private enum Route {
        /// `POST /api/export`
        case start
        /// `POST /api/export/estimate`
        case estimate

        init(_ request: FunctionURLRequest) {
            self = request.rawPath.split(separator: "/").last == "estimate" ? .estimate : .start
        }
    }
}
