import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans
import WallClock

extension FunctionName {
    /// Accepts a batch of variations.
    package static let createBatch = FunctionName("create-batch")
}

/// Accepts files and a number of variations as one batch: `POST /api/jobs`.
///
/// The files come as a form that the platform streams into the store, or as assets that were
/// uploaded by presigned URLs. The bytes never pass through the function.
enum CreateBatch {
    static let function = Function(.createBatch, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Unguessable text of `a-z 0-9`, of the requested length.
        var randomText: @Sendable (Int) -> String
        var limits: BatchLimits

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
            limits = services.batchLimits
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let intake = BatchIntake(owner: authorized.owner, dependencies: dependencies)
            let batch: BatchRecord
            switch try BatchBody(request) {
            case .pending: return grant(to: authorized.owner, dependencies)
            case .unstreamed: return presignedWay
            case .stored(let form): batch = try await intake.accept(form)
            case .json: batch = try await intake.accept(try authorized.jsonObject())
            }
            context.logger.info(
                "Batch accepted",
                ["batchId": .string(batch.id), "outputs": .integer(batch.outputCount)])
            return .json(status: 201, BatchDocument(accepted: batch))
        }
    }

    /// A new asset for each file that a form may have.
    private static func grant(
        to owner: OwnerID, _ dependencies: Dependencies
    ) -> FunctionURLResponse {
        let now = dependencies.now()
        let keys = (0..<BatchLimits.fileCountMax).map { _ in
            let asset = AssetID(owner: owner, time: now, random: dependencies.randomText(20))
            // The stored name is a UUID with the file's extension.
            return AssetKeys(owner: owner, asset: asset)
                .media(fileName: UUID().uuidString.lowercased()).text
        }
        return .json(
            status: 200,
            FormGrant(
                keys: keys, fileBytesMax: dependencies.limits.fileBytesMax,
                fileCountMax: BatchLimits.fileCountMax),
            headers: ["content-type": BatchBody.grantType])
    }

    /// The answer to a form where the platform cannot stream one.
    private struct PresignedWay: Encodable {
        struct Step: Encodable {
            var method = "POST"
            var path: String
            var body: String
        }

        var type = "about:blank"
        var title = "Unsupported media type"
        var status = 415
        var detail: String
        var error: String
        /// The requests that do the same, in order.
        var steps: [Step]
    }

    private static var presignedWay: FunctionURLResponse {
        let detail =
            "This address cannot stream a form. Upload each file by a presigned URL, then send"
            + " the asset IDs as JSON."
        return .json(
            status: 415,
            PresignedWay(
                detail: detail, error: detail,
                steps: [
                    .init(
                        path: "/api/upload/init",
                        body: #"{"filename": "…", "contentType": "video/mp4", "size": 0}"#),
                    .init(path: "/api/upload/complete", body: #"{"assetId": "…"}"#),
                    .init(
                        path: "/api/jobs",
                        body: #"{"assets": ["…"], "variations": 4, "delete_uploads": true}"#),
                ]), headers: ["content-type": "application/problem+json"])
    }
}
