import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Lists, shows and removes assets.
    package static let assets = FunctionName("assets")
}

/// Lists an owner's assets, shows one with fresh URLs, and removes one with all its objects.
enum Assets {
    static let function = Function(.assets, url: { await handle($0, $1, Dependencies($2)) })

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
            methods: ["DELETE", "GET", "HEAD"]
        ) { authorized in
            let isRemoval = request.method == "DELETE"
            guard request.rawPath.split(separator: "/").last != "assets" else {
                guard !isRemoval else {
                    throw Problem.methodNotAllowed(request.method, allowed: ["GET"])
                }
                let filter = try AssetFilter(request)
                return .json(
                    status: 200,
                    try await AssetList.page(
                        try PageRequest(request), filter, of: authorized.owner,
                        in: dependencies.bucket, now: dependencies.now()))
            }
            guard let asset = authorized.pathParameter("id").flatMap({ AssetID($0) }) else {
                throw Problem.assetNotFound
            }
            let keys = AssetKeys(owner: authorized.owner, asset: asset)
            guard isRemoval else {
                if let fetching = try await ImportDocument(keys, in: dependencies.bucket) {
                    return .json(status: 200, fetching)
                }
                return .json(
                    status: 200, try await AssetDetail(keys, in: dependencies.bucket))
            }
            let removal = AssetRemoval(
                keys: keys, bucket: dependencies.bucket, now: dependencies.now)
            let removed = try await removal.perform()
            context.logger.info(
                "Asset removed",
                ["assetId": .string(asset.text), "objects": .integer(removed.objects)])
            return .json(status: 200, removed)
        }
    }
}
