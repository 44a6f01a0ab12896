import FFmpeg
import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Turns an upload into an asset.
    package static let completeUpload = FunctionName("complete-upload")
}

/// Turns an upload into an asset: checks size and type, probes it, writes the record.
///
/// Called by the client after the last byte and by the store's event on `uploads/`. The
/// first call does the work; the second finds it done.
enum CompleteUpload {
    static let function = Function(
        .completeUpload,
        url: { await handle($0, $1, Dependencies($2)) },
        object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Largest upload.
        var uploadBytesMax: Int

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer
            authorizer = services.authorizer
            now = services.now
            uploadBytesMax = services.uploadBytesMax
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let completion = try CompletionRequest(try authorized.jsonObject())
            guard let asset = AssetID(completion.assetID) else { throw Problem.assetNotFound }
            let keys = AssetKeys(owner: authorized.owner, asset: asset)
            let intake = AssetIntake(
                keys: keys, bucket: dependencies.bucket, renderer: dependencies.renderer,
                now: dependencies.now, bytesMax: dependencies.uploadBytesMax)
            try await intake.joinParts(completion.parts)
            let record = try await intake.record()
            guard record.status == .ready else {
                throw Problem(
                    status: 422, title: "Not usable media",
                    detail: record.error ?? "The file is not usable.",
                    faults: [
                        FieldFault(
                            pointer: "/assetId", detail: record.error ?? "is not usable")
                    ])
            }
            return .json(
                status: 200,
                try await AssetDocument(record, keys: keys, bucket: dependencies.bucket))
        }
    }

    /// Completes an upload without a call of the client.
    /// - Throws: when the store or FFmpeg failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let keys = AssetKeys(uploadKey: ObjectKey(record.key)) else { continue }
            let intake = AssetIntake(
                keys: keys, bucket: dependencies.bucket, renderer: dependencies.renderer,
                now: dependencies.now, bytesMax: dependencies.uploadBytesMax)
            do {
                let asset = try await intake.record()
                context.logger.info(
                    "Upload completed",
                    ["assetId": .string(keys.asset.text), "status": .string(asset.status.rawValue)])
            } catch let problem as Problem {
                context.logger.warning(
                    "Upload not completed",
                    ["assetId": .string(keys.asset.text), "error": .string(problem.detail)])
            }
        }
    }
}

/// A request to complete an upload.
private struct CompletionRequest {
    var assetID: String
    var parts: [UploadedPart]

    init(_ body: JSONValue) throws(Problem) {
        var reader = JSONReader()
        guard let object = reader.object(JSONNode(body, .root)) else {
            throw Problem.invalid(reader.faults)
        }
        let assetID = reader.required("assetId", of: object).flatMap {
            reader.text($0, lengthMax: 200)
        }
        var parts: [UploadedPart] = []
        if let list = object["parts"].flatMap({
            reader.array($0, maximum: UploadLimits.partCountMax)
        }) {
            for node in list { Self.part(node, &reader).map { parts.append($0) } }
        }
        guard reader.faults.isEmpty, let assetID else { throw Problem.invalid(reader.faults) }
        (self.assetID, self.parts) = (assetID, parts)
    }

    private static func part(_ node: JSONNode, _ reader: inout JSONReader) -> UploadedPart? {
        guard let object = reader.object(node) else { return nil }
        let number = reader.required("partNumber", of: object).flatMap {
            reader.integer($0, in: 1...UploadLimits.partCountMax)
        }
        let etag = reader.required("etag", of: object).flatMap { reader.text($0, lengthMax: 200) }
        guard let number, let etag else { return nil }
        let bare = etag.filter { $0 != "\"" }
        return UploadedPart(number: number, etag: bare, bytes: 0)
    }
}
