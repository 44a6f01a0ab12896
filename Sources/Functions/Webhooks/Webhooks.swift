import Jobs
import LambdaRuntime
import Logging
import Notify
import ObjectStore
import Signing
import WallClock

extension FunctionName {
    /// Endpoints of notifications and the log of deliveries.
    package static let webhooks = FunctionName("webhooks")
}

/// Registers endpoints and shows the log of deliveries.
enum Webhooks {
    static let function = Function(
        .webhooks, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        var randomText: @Sendable (Int) -> String
        var deliveries: DeliveryServices

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
            deliveries = services.deliveries
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer,
            methods: ["GET", "POST", "PATCH", "DELETE"]
        ) { authorized in
            let directory = EndpointDirectory(
                bucket: dependencies.bucket, owner: authorized.owner)
            let ledger = DeliveryLedger(
                bucket: dependencies.bucket, owner: authorized.owner,
                services: dependencies.deliveries, now: dependencies.now, logger: context.logger)
            let endpoints = EndpointCalls(
                request: authorized, directory: directory, ledger: ledger,
                dependencies: dependencies)
            let deliveries = DeliveryCalls(request: authorized, ledger: ledger)
            switch try WebhookRoute(request) {
            case .endpoints(nil): return try await endpoints.list()
            case .register: return try await endpoints.register()
            case .endpoints(let id?): return try await endpoints.show(id)
            case .change(let id): return try await endpoints.change(id)
            case .remove(let id): return try await endpoints.remove(id)
            case .rotate(let id): return try await endpoints.rotate(id)
            case .test(let id): return try await endpoints.test(id)
            case .deliveries(nil): return try await deliveries.list()
            case .deliveries(let id?): return try await deliveries.show(id)
            case .redeliver(let id): return try await deliveries.redeliver(id)
            }
        }
    }
}

/// A call, read from method and path.
private enum WebhookRoute {
    case endpoints(String?)
    case register
    case change(String)
    case remove(String)
    case rotate(String)
    case test(String)
    case deliveries(String?)
    case redeliver(String)

    /// - Throws: a 404 problem for any other path, 405 for another method of a known one.
    init(_ request: FunctionURLRequest) throws(Problem) {
        let path = request.rawPath.split(separator: "/").map { uriDecode(String($0)) ?? "" }
        guard let root = path.firstIndex(of: "webhooks") else { throw Problem.notFound }
        let rest = Array(path[(root + 1)...])
        let id = rest.count > 1 ? rest[1] : ""
        switch (request.method, rest.first, rest.count, rest.last) {
        case ("GET", "endpoints", 1, _): self = .endpoints(nil)
        case ("POST", "endpoints", 1, _): self = .register
        case ("GET", "endpoints", 2, _): self = .endpoints(id)
        case ("PATCH", "endpoints", 2, _): self = .change(id)
        case ("DELETE", "endpoints", 2, _): self = .remove(id)
        case ("POST", "endpoints", 3, "rotate"): self = .rotate(id)
        case ("POST", "endpoints", 3, "test"): self = .test(id)
        case ("GET", "deliveries", 1, _): self = .deliveries(nil)
        case ("GET", "deliveries", 2, _): self = .deliveries(id)
        case ("POST", "deliveries", 3, "redeliver"): self = .redeliver(id)
        default: throw Problem.notFound
        }
    }
}

extension Problem {
    /// 404 for an unknown endpoint.
    static let endpointNotFound = Problem(
        status: 404, title: "Not found", detail: "The endpoint does not exist.",
        error: "Endpoint not found")
    /// 404 for an unknown delivery.
    static let deliveryNotFound = Problem(
        status: 404, title: "Not found", detail: "The delivery does not exist.",
        error: "Delivery not found")
}
