import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// Takes an upload over: checks size and type, probes it, writes the asset.
///
/// Called by the client when the last byte is sent, and by the store's event
/// on `uploads/`; whichever comes first does the work, the other finds it done.
enum CompleteUpload {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> Int
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let wish = try CompletionWish(try authorized.jsonObject())
            guard let asset = AssetID(wish.assetID) else { throw Problem.assetNotFound }
            let keys = AssetKeys(owner: authorized.owner, asset: asset)
            let intake = AssetIntake(
                keys: keys, bucket: dependencies.bucket, renderer: dependencies.renderer,
                now: dependencies.now)
            try await intake.joinParts(wish.parts)
            let record = try await intake.record()
            guard record.status == .ready else {
                throw Problem(
                    status: 422, title: "Not usable media",
                    detail: record.error ?? "The file is not usable.",
                    faults: [
                        EditFault(
                            pointer: "/assetId", detail: record.error ?? "is not usable")
                    ])
            }
            return .json(
                status: 200,
                try await AssetDocument(record, keys: keys, bucket: dependencies.bucket))
        }
    }

    /// The event's side: an upload that nobody asked about is taken over too.
    /// - Throws: when the store or FFmpeg failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let keys = AssetKeys(uploadKey: ObjectKey(record.key)) else { continue }
            let intake = AssetIntake(
                keys: keys, bucket: dependencies.bucket, renderer: dependencies.renderer,
                now: dependencies.now)
            do {
                let asset = try await intake.record()
                context.logger.info(
                    "An upload was taken over.",
                    ["assetId": .string(keys.asset.text), "status": .string(asset.status.rawValue)])
            } catch let problem as Problem {
                context.logger.warning(
                    "An upload was not taken over.",
                    ["assetId": .string(keys.asset.text), "error": .string(problem.detail)])
            }
        }
    }
}

/// What the caller says is complete.
private struct CompletionWish {
    var assetID: String
    var parts: [UploadedPart]

    init(_ body: JSONValue) throws(Problem) {
        var reader = EditReader()
        guard let object = reader.object(JSONNode(body, .root)) else {
            throw Problem.invalid(reader.faults)
        }
        let assetID = reader.required("assetId", of: object).flatMap {
            reader.text($0, longest: 200)
        }
        var parts: [UploadedPart] = []
        if let list = object["parts"].flatMap({
            reader.array($0, most: UploadLimits.maximumParts)
        }) {
            for node in list { Self.part(node, &reader).map { parts.append($0) } }
        }
        guard reader.faults.isEmpty, let assetID else { throw Problem.invalid(reader.faults) }
        (self.assetID, self.parts) = (assetID, parts)
    }

    private static func part(_ node: JSONNode, _ reader: inout EditReader) -> UploadedPart? {
        guard let object = reader.object(node) else { return nil }
        let number = reader.required("partNumber", of: object).flatMap {
            reader.integer($0, in: 1...UploadLimits.maximumParts)
        }
        let etag = reader.required("etag", of: object).flatMap { reader.text($0, longest: 200) }
        guard let number, let etag else { return nil }
        let bare = etag.filter { $0 != "\"" }
        return UploadedPart(number: number, etag: bare, bytes: 0)
    }
}
