import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import Logging
import Notify
import ObjectStore
import WallClock

extension FunctionName {
    /// Imports an asset from a URL.
    package static let importURL = FunctionName("import-url")
}

/// Imports an asset from an http or https URL.
///
/// `POST /api/upload/import` reserves the asset and writes its first import request. The request's
/// event fetches the file in parts into a multipart upload; its completion is an upload like any
/// other. A turn that runs out of time requests the next one, which fetches the missing parts.
enum ImportURL {
    static let function = Function(
        .importURL,
        url: { await handle($0, $1, Dependencies($2)) },
        object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var client: any DownloadClient
        var now: @Sendable () -> UnixTime
        var sleep: @Sendable (Duration) async throws -> Void
        var scratchRoot: String
        /// Largest upload.
        var uploadBytesMax: Int
        /// Reserves the asset.
        var uploads: InitUpload.Dependencies

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            client = services.downloads
            now = services.now
            sleep = services.sleep
            scratchRoot = services.scratchRoot
            uploadBytesMax = services.uploadBytesMax
            uploads = InitUpload.Dependencies(services)
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let body = try ImportBody(try authorized.jsonObject())
            let (asset, _) = try await InitUpload.reserve(
                UploadRequest(importing: body.url, as: body.fileName), inParts: false,
                to: authorized.owner, source: UploadRecord.Source(url: body.url.text),
                dependencies.uploads)
            let keys = AssetKeys(owner: authorized.owner, asset: asset)
            try await dependencies.bucket.putDocument(
                ImportRequest(failures: 0, requestedAt: dependencies.now()),
                at: keys.importRequest(0))
            return .json(
                status: 202, ["assetId": asset.text, "status": ImportProgress.status])
        }
    }

    /// Fetches what is missing of the file.
    /// - Throws: when the store failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let (keys, turn) = AssetKeys.parseImportRequest(ObjectKey(record.key)) else {
                context.logger.warning(
                    "Event ignored: key is not an import request", ["key": .string(record.key)])
                continue
            }
            let work = ImportWork(
                keys: keys, turn: turn, dependencies: dependencies,
                deadline: context.deadline - reserve, logger: context.logger)
            try await work.run()
        }
    }

    /// Time kept at the end of an invocation to join the parts and request the next turn.
    private static let reserve = Duration.seconds(30)
}

/// The body of `POST /api/upload/import`.
private struct ImportBody {
    var url: WebhookURL
    var fileName: String

    init(_ body: JSONValue) throws(Problem) {
        var reader = JSONReader()
        guard let object = reader.object(JSONNode(body, .root)) else {
            throw Problem.invalid(reader.faults)
        }
        let text = reader.required("url", of: object).flatMap {
            reader.text($0, lengthMax: WebhookURL.charactersMax)
        }
        let name = object["filename"].flatMap { reader.text($0, lengthMax: 1_000) }
        var url: WebhookURL?
        if let text {
            do throws(WebhookURL.Fault) {
                url = try WebhookURL(text)
            } catch {
                reader.report(error.detail, at: object.pointer.appending("url"))
            }
        }
        guard reader.faults.isEmpty, let url else { throw Problem.invalid(reader.faults) }
        self.url = url
        fileName = name ?? Self.name(of: url)
    }

    /// The last part of the URL's path.
    private static func name(of url: WebhookURL) -> String {
        let name = URL(string: url.text)?.path(percentEncoded: false).split(separator: "/").last
        return name.map(String.init) ?? "import"
    }
}

extension UploadRequest {
    /// A file whose type and size are found when it is fetched.
    fileprivate init(importing url: WebhookURL, as fileName: String) {
        self.init(fileName: fileName, contentType: "application/octet-stream", bytes: nil)
    }
}
