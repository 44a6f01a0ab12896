import LambdaRuntime
import ObjectStore

extension FunctionName {
    /// Reports that the deployment works.
    package static let health = FunctionName("health")
}

/// Answers health checks: 200 if the store answers. Needs no token.
enum Health {
    static let function = Function(.health, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var confinement: ConfinementReport

        init(_ services: Services) {
            bucket = services.bucket
            confinement = services.confinement
        }
    }

    private struct Report: Encodable {
        var status: String
        var confinement: ConfinementReport
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: Authorizer(verifiers: []), methods: ["GET", "HEAD"]
        ) { _ in
            _ = try await dependencies.bucket.listObjects(
                prefix: "health/", startAfter: nil, keyCountMax: 1)
            return .json(status: 200, Report(status: "ok", confinement: dependencies.confinement))
        }
    }
}
