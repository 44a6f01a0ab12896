import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Grants an upload.
    package static let initUpload = FunctionName("init-upload")
}

/// Grants one upload: a presigned PUT, or presigned parts for a large file.
///
/// The bytes go directly to the store, never through a function.
enum InitUpload {
    static let function = Function(
        .initUpload, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Unguessable text of `a-z 0-9`, of the requested length.
        var randomText: @Sendable (Int) -> String
        /// Largest upload.
        var uploadBytesMax: Int
        var retention: RetentionPolicy
        /// Plans whose limit of stored bytes applies.
        var credits: CreditServices

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
            uploadBytesMax = services.uploadBytesMax
            retention = services.retention
            credits = services.credits
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let upload = try UploadRequest(
                try authorized.jsonObject(), bytesMax: dependencies.uploadBytesMax)
            let grant = try await grant(upload, owner: authorized.owner, dependencies)
            return .json(status: 200, grant)
        }
    }

    private static func grant(
        _ upload: UploadRequest, owner: OwnerID, _ dependencies: Dependencies
    ) async throws -> UploadGrant {
        let isForm = upload.method == .post
        let inParts = !isForm && (upload.bytes ?? 0) > UploadLimits.singlePutBytes
        let (asset, record) = try await reserve(upload, inParts: inParts, to: owner, dependencies)
        var grant =
            isForm
            ? UploadGrant(
                record, asset: asset, form: try await form(for: record, dependencies.bucket))
            : try await UploadGrant(record, asset: asset, bucket: dependencies.bucket)
        grant.maxBytes = dependencies.uploadBytesMax
        return grant
    }

    /// - Throws: a problem at `/method` if the store does not support form uploads.
    private static func form(
        for record: UploadRecord, _ bucket: any Bucket
    ) async throws -> PresignedPost {
        let bytes = record.bytes ?? 0
        let upload = PostUpload(
            key: ObjectKey(record.key), contentType: record.contentType, bytes: bytes...bytes)
        do {
            return try await bucket.presignedPost(
                upload, expiresIn: UploadLimits.grantLifetime)
        } catch {
            guard error.serviceCode == "NotImplemented" else { throw error }
            throw Problem.invalid([
                FieldFault(
                    pointer: "/method",
                    detail: "cannot be POST: this store does not support form uploads")
            ])
        }
    }

    /// Reserves a new asset for an upload and writes its upload record.
    /// - Parameter source: The file that is imported; nil for an upload by the caller.
    static func reserve(
        _ upload: UploadRequest, inParts: Bool, to owner: OwnerID,
        source: UploadRecord.Source? = nil, _ dependencies: Dependencies
    ) async throws -> (AssetID, UploadRecord) {
        try await OwnerRemoval.refuseNewWork(of: owner, dependencies.bucket)
        try await StorageQuota(
            ledger: dependencies.credits.ledger, bucket: dependencies.bucket, owner: owner
        ).check(adding: upload.bytes ?? 0)
        let now = dependencies.now()
        let asset = AssetID(
            owner: owner, time: now, random: dependencies.randomText(20))
        let keys = AssetKeys(owner: owner, asset: asset)
        let key = keys.media(fileName: upload.fileName)
        var record = UploadRecord(
            fileName: upload.fileName, contentType: upload.contentType, bytes: upload.bytes,
            key: key.text, uploadID: nil, createdAt: now, source: source)
        if inParts {
            record.uploadID = try await dependencies.bucket.createMultipartUpload(
                key, options: PutOptions(contentType: upload.contentType))
        }
        if let age = dependencies.retention.uploads {
            try await dependencies.bucket.putMarker(
                DueEntry(at: now + age, owner: owner, .asset(asset)).key)
        }
        try await dependencies.bucket.putMarker(
            DueEntry(at: now + UploadLimits.abandonedAge, owner: owner, .upload(asset)).key)
        try await dependencies.bucket.putDocument(record, at: keys.upload)
        return (asset, record)
    }
}

extension Problem {
    /// 413 for an upload above `SPOOL_UPLOAD_MAX_BYTES`.
    static func uploadTooLarge(_ bytes: Int?, bytesMax: Int, pointer: String) -> Problem {
        let size = bytes.map { "The upload has \($0) bytes; the" } ?? "The"
        return Problem(
            status: 413, title: "Upload too large",
            detail: "\(size) largest upload has \(bytesMax) bytes.",
            faults: [FieldFault(pointer: pointer, detail: "must be at most \(bytesMax)")],
            error: "Upload too large")
    }
}

/// Size limits of uploads.
package enum UploadLimits {
    /// Largest single PUT; a larger file is uploaded in parts.
    static let singlePutBytes = 100 << 20
    /// Largest form upload (S3's limit).
    static let formBytes = 5 << 30
    /// Largest file: S3's 5 TiB.
    package static let bytesMax = 5 << 40
    /// Default of `SPOOL_UPLOAD_MAX_BYTES`: 5 GiB.
    package static let bytesDefault = 5 << 30
    /// Longest file that is imported from a URL.
    static let importedDurationMax = Duration.seconds(4 * 3_600)
    /// Smallest part, except the last, that S3 joins.
    static let storePartBytesMin = 5 << 20
    /// Maximum number of parts in one upload (S3's limit).
    static let partCountMax = 10_000
    /// Maximum number of parts in one grant. A URL with a session token has up to 2 kB, a
    /// function's response at most 6 MB.
    static let grantedParts = 2_000
    /// Smallest part, except the last; all others have the same length, as R2 requires.
    static let partBytesMin = 16 << 20
    /// Lifetime of a grant: an hour, a day for parts.
    static let grantLifetime = Duration.seconds(3_600)
    static let partGrantLifetime = Duration.seconds(86_400)
    /// Age at which an upload without its bytes is removed: an hour after its last grant.
    static let abandonedAge = partGrantLifetime + grantLifetime

    /// The length of each part but the last: whole MiB.
    static func partBytes(of bytes: Int) -> Int {
        let minimum = (bytes + grantedParts - 1) / grantedParts
        let mebibytes = (max(minimum, partBytesMin) + (1 << 20) - 1) >> 20
        return mebibytes << 20
    }
}

/// The response: everything a browser needs to send the bytes.
private struct UploadGrant: Encodable {
    struct Part: Encodable {
        var partNumber: Int
        var url: String
    }

    var assetId: String
    var key: String
    var method: String
    var uploadUrl: String?
    var headers: [String: String]
    /// Form fields of a presigned POST, sent before `file`; empty otherwise.
    var fields: [String: String] = [:]
    /// RFC 3339, UTC.
    var expiresAt: String
    var uploadId: String?
    var partSize: Int?
    var parts: [Part]?
    /// Largest upload of this deployment.
    var maxBytes: Int?

    init(_ record: UploadRecord, asset: AssetID, form: PresignedPost) {
        assetId = asset.text
        key = record.key
        method = UploadRequest.Method.post.rawValue
        uploadUrl = form.url
        headers = [:]
        fields = form.fields
        expiresAt =
            (record.createdAt + UploadLimits.grantLifetime)
            .rfc3339
    }

    init(_ record: UploadRecord, asset: AssetID, bucket: any Bucket) async throws {
        let key = ObjectKey(record.key)
        assetId = asset.text
        self.key = key.text
        guard let uploadID = record.uploadID else {
            method = "PUT"
            headers = ["content-type": record.contentType]
            expiresAt =
                (record.createdAt + UploadLimits.grantLifetime).rfc3339
            uploadUrl = try await bucket.presignedURL(
                .put(key, contentType: record.contentType, contentLength: record.bytes),
                expiresIn: UploadLimits.grantLifetime, audience: .client)
            return
        }
        let bytes = record.bytes ?? 0
        let partBytes = UploadLimits.partBytes(of: bytes)
        method = "MULTIPART"
        headers = [:]
        uploadId = uploadID
        partSize = partBytes
        expiresAt =
            (record.createdAt + UploadLimits.partGrantLifetime).rfc3339
        let count = (bytes + partBytes - 1) / partBytes
        var parts: [Part] = []
        for number in 1...count {
            let url = try await bucket.presignedURL(
                .uploadPart(key, uploadID: uploadID, number: number),
                expiresIn: UploadLimits.partGrantLifetime, audience: .client)
            parts.append(Part(partNumber: number, url: url))
        }
        self.parts = parts
    }
}
