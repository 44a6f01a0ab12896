import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock
import Signing

extension FunctionName {
    /// Serves Uppy's S3 plugin.
    package static let uppyUpload = FunctionName("uppy-upload")
}

/// Serves Uppy's S3 plugin with the API of Companion.
///
/// The shapes are those of @uppy/companion's S3 controller: a front end sets this API as
/// its `companionUrl`. Keys are Spool's and hold the asset ID; the store's event
/// completes the upload.
enum UppyUpload {
    static let function = Function(
        .uppyUpload, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var upload: InitUpload.Dependencies
        var renderer: any MediaRenderer

        init(_ services: Services) {
            upload = InitUpload.Dependencies(services)
            renderer = services.renderer
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.upload.authorizer,
            methods: ["GET", "POST", "DELETE"]
        ) { authorized in
            let verb = try UppyVerb(authorized.request)
            return try await UppyResponse(authorized: authorized, dependencies: dependencies)
                .answer(verb)
        }
    }
}

/// A call of Uppy, read from method and path.
private enum UppyVerb {
    case parameters
    case create
    case list(uploadID: String)
    case sign(uploadID: String, number: Int)
    case signBatch(uploadID: String)
    case complete(uploadID: String)
    case abort(uploadID: String)

    /// - Throws: a 404 problem for any other path.
    init(_ request: FunctionURLRequest) throws(Problem) {
        let path = request.rawPath.split(separator: "/").map { uriDecode(String($0)) ?? "" }
        guard let root = path.firstIndex(of: "s3") else { throw Problem.notFound }
        let rest = Array(path[(root + 1)...])
        let isMultipart = rest.first == "multipart"
        switch (request.method, rest.count) {
        case ("GET", 1) where rest[0] == "params": self = .parameters
        case ("GET", 1) where rest[0] == "sts":
            throw Problem(
                status: 404, title: "Not offered",
                detail: "Temporary credentials are not offered; each request is signed.")
        case ("POST", 1) where isMultipart: self = .create
        case ("GET", 2) where isMultipart: self = .list(uploadID: rest[1])
        case ("GET", 3) where isMultipart && rest[2] == "batch":
            self = .signBatch(uploadID: rest[1])
        case ("GET", 3) where isMultipart:
            self = .sign(uploadID: rest[1], number: try Self.partNumber(rest[2]))
        case ("POST", 3) where isMultipart && rest[2] == "complete":
            self = .complete(uploadID: rest[1])
        case ("DELETE", 2) where isMultipart: self = .abort(uploadID: rest[1])
        default: throw Problem.notFound
        }
    }

    static func partNumber(_ text: String) throws(Problem) -> Int {
        guard let number = Int(text), (1...UploadLimits.partCountMax).contains(number) else {
            throw Problem.invalid([
                FieldFault(
                    pointer: "/partNumber",
                    detail: "must be a whole number from 1 to \(UploadLimits.partCountMax)")
            ])
        }
        return number
    }
}

private struct UppyResponse: Sendable {
    let authorized: AuthorizedRequest
    let dependencies: UppyUpload.Dependencies

    private var bucket: any Bucket { dependencies.upload.bucket }
    private var bytesMax: Int { dependencies.upload.uploadBytesMax }
    private var query: [String: String] { authorized.request.queryStringParameters }

    func answer(_ verb: UppyVerb) async throws -> FunctionURLResponse {
        switch verb {
        case .parameters: .json(status: 200, try await parameters())
        case .create: .json(status: 200, try await create())
        case .list(let uploadID): .json(status: 200, try await parts(of: uploadID))
        case .sign(let uploadID, let number):
            .json(
                status: 200,
                SignedPart(
                    url: try await url(uploadID, number, of: try ownKey().key),
                    expires: UploadLimits.partGrantLifetime.wholeSeconds))
        case .signBatch(let uploadID): .json(status: 200, try await batch(of: uploadID))
        case .complete(let uploadID): .json(status: 200, try await complete(uploadID))
        case .abort(let uploadID): try await abort(uploadID)
        }
    }

    // MARK: Verbs

    /// A single PUT. Uppy does not announce the size, so it is not signed.
    private func parameters() async throws -> Parameters {
        let fields = query.filter { ["filename", "type"].contains($0.key) }
        let upload = try UploadRequest(
            .object(fields.mapValues(JSONValue.string)), bytesMax: bytesMax, typeField: "type",
            sizeField: nil)
        let (asset, record) = try await InitUpload.reserve(
            upload, inParts: false, to: authorized.owner, dependencies.upload)
        let url = try await bucket.presignedURL(
            .put(ObjectKey(record.key), contentType: upload.contentType, contentLength: nil),
            expiresIn: UploadLimits.grantLifetime, audience: .client)
        return Parameters(
            assetId: asset.text, key: record.key, url: url,
            headers: ["content-type": upload.contentType],
            expires: UploadLimits.grantLifetime.wholeSeconds)
    }

    private func create() async throws -> Created {
        let upload = try UploadRequest(
            try authorized.jsonObject(), bytesMax: bytesMax, typeField: "type", sizeField: nil)
        let (asset, record) = try await InitUpload.reserve(
            upload, inParts: true, to: authorized.owner, dependencies.upload)
        return Created(
            assetId: asset.text, key: record.key, uploadId: record.uploadID, maxBytes: bytesMax)
    }

    private func parts(of uploadID: String) async throws -> [Part] {
        let key = try ownKey().key
        do throws(ObjectStoreError) {
            return try await bucket.listParts(of: key, uploadID: uploadID).map {
                Part(PartNumber: $0.number, ETag: "\"\($0.etag)\"", Size: $0.bytes)
            }
        } catch {
            throw Self.isUnknown(error) ? Self.unknownUpload : error
        }
    }

    private func batch(of uploadID: String) async throws -> Batch {
        let key = try ownKey().key
        let numbers = try (query["partNumbers"] ?? "").split(separator: ",")
            .map { try UppyVerb.partNumber(String($0)) }
        guard (1...UploadLimits.grantedParts).contains(numbers.count) else {
            throw Problem.invalid([
                FieldFault(
                    pointer: "/partNumbers",
                    detail: "must name 1 to \(UploadLimits.grantedParts) parts, for instance 4,6,7")
            ])
        }
        var urls: [String: String] = [:]
        for number in numbers { urls["\(number)"] = try await url(uploadID, number, of: key) }
        return Batch(presignedUrls: urls)
    }

    /// Joins the parts. Idempotent: after a lost response the client repeats the call.
    private func complete(_ uploadID: String) async throws -> Completed {
        let (key, keys) = try ownKey()
        let parts = try UppyParts(try authorized.jsonObject()).parts
        let record = try await bucket.document(UploadRecord.self, at: keys.upload)
        guard let record, record.key == key.text, record.uploadID == uploadID else {
            throw Self.unknownUpload
        }
        let intake = AssetIntake(
            keys: keys, bucket: bucket, renderer: dependencies.renderer,
            now: dependencies.upload.now, bytesMax: bytesMax)
        try await intake.joinParts(parts)
        let location = try await bucket.presignedURL(
            .get(key, downloadName: nil), expiresIn: AssetDocument.urlLifetime,
            audience: .client)
        return Completed(assetId: keys.asset.text, key: key.text, location: location)
    }

    /// Aborting an unknown or finished upload is a no-op.
    private func abort(_ uploadID: String) async throws -> FunctionURLResponse {
        let key = try ownKey().key
        do throws(ObjectStoreError) {
            try await bucket.abortMultipartUpload(key, uploadID: uploadID)
        } catch {
            guard Self.isUnknown(error) else { throw error }
        }
        return .json(status: 200, [String: String]())
    }

    // MARK: Keys

    /// - Throws: a 400 problem without a key, a 404 problem for a key that is not an
    ///   upload of the caller.
    private func ownKey() throws(Problem) -> (key: ObjectKey, keys: AssetKeys) {
        guard let text = query["key"] else {
            throw Problem.invalid([FieldFault(pointer: "/key", detail: "is required")])
        }
        let key = ObjectKey(text)
        guard let keys = AssetKeys(uploadKey: key), keys.owner == authorized.owner else {
            throw Self.unknownUpload
        }
        return (key, keys)
    }

    private func url(
        _ uploadID: String, _ number: Int, of key: ObjectKey
    ) async throws -> String {
        // Every part but the last has at least the size that S3 requires.
        guard (number - 1) * UploadLimits.storePartBytesMin < bytesMax else {
            throw Problem.uploadTooLarge(nil, bytesMax: bytesMax, pointer: "/partNumber")
        }
        return try await bucket.presignedURL(
            .uploadPart(key, uploadID: uploadID, number: number),
            expiresIn: UploadLimits.partGrantLifetime, audience: .client)
    }

    private static func isUnknown(_ error: ObjectStoreError) -> Bool {
        [.notFound, .invalidRequest].contains(error.code)
    }

    private static let unknownUpload = Problem(
        status: 404, title: "Not found", detail: "The upload does not exist.",
        faults: [FieldFault(pointer: "/key", detail: "is not an active upload of the caller")],
        error: "Upload not found")

    // MARK: Shapes

    private struct Parameters: Encodable {
        var assetId: String
        var key: String
        var method = "PUT"
        var url: String
        var fields: [String: String] = [:]
        var headers: [String: String]
        /// Seconds.
        var expires: Int
    }

    private struct Created: Encodable {
        var assetId: String
        var key: String
        var uploadId: String?
        /// Largest upload of this deployment.
        var maxBytes: Int
    }

    /// A part in S3's field names.
    private struct Part: Encodable {
        var PartNumber: Int
        var ETag: String
        var Size: Int
    }

    private struct SignedPart: Encodable {
        var url: String
        /// Seconds.
        var expires: Int
    }

    private struct Batch: Encodable {
        var presignedUrls: [String: String]
    }

    private struct Completed: Encodable {
        var assetId: String
        var key: String
        /// Presigned for 24 hours.
        var location: String
    }
}

/// The uploaded parts in S3's field names.
private struct UppyParts {
    var parts: [UploadedPart] = []

    init(_ body: JSONValue) throws(Problem) {
        var reader = JSONReader()
        let list = reader.object(JSONNode(body, .root))
            .flatMap { reader.required("parts", of: $0) }
            .flatMap { reader.array($0, maximum: UploadLimits.partCountMax) }
        for node in list ?? [] {
            guard let object = reader.object(node) else { continue }
            let number = reader.required("PartNumber", of: object).flatMap {
                reader.integer($0, in: 1...UploadLimits.partCountMax)
            }
            let etag = reader.required("ETag", of: object).flatMap {
                reader.text($0, lengthMax: 200)
            }
            guard let number, let etag else { continue }
            parts.append(
                UploadedPart(number: number, etag: etag.filter { $0 != "\"" }, bytes: 0))
        }
        if let list, list.isEmpty {
            reader.report("must name at least one part", at: JSONPointer.root.appending("parts"))
        }
        guard reader.faults.isEmpty else { throw Problem.invalid(reader.faults) }
    }
}
