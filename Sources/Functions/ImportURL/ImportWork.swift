import Captions
import Jobs
import Logging
import Notify
import ObjectStore
import WallClock

/// One turn of an import. Idempotent; safe to run concurrently.
struct ImportWork: Sendable {
    let keys: AssetKeys
    let turn: Int
    let dependencies: ImportURL.Dependencies
    /// Time at which fetching must have ended.
    let deadline: UnixTime
    let logger: Logger

    private var bucket: any Bucket { dependencies.bucket }
    private var source: RemoteSource {
        RemoteSource(
            client: dependencies.client, now: dependencies.now, sleep: dependencies.sleep,
            deadline: deadline)
    }

    /// Parts in transfer at once, each of 16 MiB and more, in memory.
    private static let atOnce = 3

    /// Fetches until the file is whole, the time is over or the import has failed.
    func run() async throws {
        guard let upload = try await pending() else { return }
        let before = try await storedBytes(upload)
        do {
            try await fetch(upload)
            logger.info("Import completed", ["assetId": .string(keys.asset.text)])
        } catch RemoteSource.Failure.refused(let sentence) {
            try await fail(sentence)
        } catch RemoteSource.Failure.outOfTime {
            try await requestNext(failures: 0)
        } catch RemoteSource.Failure.changed {
            try await withdraw()
            try await requestNext(failures: try await request().failures + 1)
        } catch RemoteSource.Failure.unreachable(let reason) {
            let hasProgress = try await storedBytes(try await pending() ?? upload) > before
            let failures = hasProgress ? 0 : try await request().failures + 1
            logger.warning(
                "Import interrupted",
                [
                    "assetId": .string(keys.asset.text), "failures": .integer(failures),
                    "reason": .string(reason),
                ])
            guard failures < ImportRequest.failuresMax else { return try await fail(reason) }
            try await requestNext(failures: failures)
        }
    }

    /// The upload, unless it is whole, has failed or was removed.
    private func pending() async throws -> UploadRecord? {
        guard let upload = try await bucket.document(UploadRecord.self, at: keys.upload),
            upload.source != nil, try await !bucket.objectExists(keys.record),
            try await !bucket.objectExists(ObjectKey(upload.key))
        else { return nil }
        return upload
    }

    private func request() async throws -> ImportRequest {
        try await bucket.document(ImportRequest.self, at: keys.importRequest(turn))
            ?? ImportRequest(failures: 0, requestedAt: dependencies.now())
    }

    private func requestNext(failures: Int) async throws {
        guard failures < ImportRequest.failuresMax else {
            return try await fail("The file changes while it is fetched.")
        }
        try await bucket.putDocument(
            ImportRequest(failures: failures, requestedAt: dependencies.now()),
            at: keys.importRequest(turn + 1))
    }

    private func storedBytes(_ upload: UploadRecord) async throws -> Int {
        try await ImportProgress(upload, in: bucket).bytes
    }

    private func fetch(_ upload: UploadRecord) async throws {
        let url: WebhookURL
        do throws(WebhookURL.Fault) {
            url = try WebhookURL(upload.source?.url ?? "")
        } catch {
            throw RemoteSource.Failure.refused("The URL \(error.detail).")
        }
        let found = try await source.find(url)
        guard !found.file.isWebPage else {
            throw RemoteSource.Failure.refused("The URL leads to a web page, not to a media file.")
        }
        if let bytes = found.file.bytes, bytes > dependencies.uploadBytesMax {
            throw RemoteSource.Failure.refused(
                "The file has \(bytes) bytes; the largest upload has"
                    + " \(dependencies.uploadBytesMax) bytes.")
        }
        guard found.file.hasRanges, let bytes = found.file.bytes, bytes > 0 else {
            return try await fetchWhole(found, upload)
        }
        try await fetchParts(found, bytes: bytes, try await begun(upload, found, bytes: bytes))
    }

    /// The upload with an upload ID, for this version of the file.
    private func begun(
        _ upload: UploadRecord, _ found: RemoteSource.Found, bytes: Int
    ) async throws -> UploadRecord {
        if upload.uploadID != nil {
            guard upload.bytes == bytes, upload.source?.validator == found.file.validator else {
                throw RemoteSource.Failure.changed
            }
            return upload
        }
        var begun = described(upload, found.file)
        begun.bytes = bytes
        begun.source?.validator = found.file.validator
        var options = PutOptions(contentType: begun.contentType)
        options.checksParts = true
        let key = ObjectKey(upload.key)
        let id = try await bucket.createMultipartUpload(key, options: options)
        begun.uploadID = id
        guard try await replace(upload, by: begun) else {
            try await bucket.abortMultipartUpload(key, uploadID: id)
            guard let other = try await pending(), other.uploadID != nil else {
                throw RemoteSource.Failure.outOfTime
            }
            return other
        }
        return begun
    }

    private func described(_ upload: UploadRecord, _ file: RemoteFile) -> UploadRecord {
        var upload = upload
        if let type = file.contentType,
            UploadRequest.isMediaType(type) || CaptionFormat(contentType: type) != nil
        {
            upload.contentType = type
        }
        return upload
    }

    /// Writes the record unless another turn was first.
    /// - Returns: false if the stored record is not `old`.
    private func replace(_ old: UploadRecord, by new: UploadRecord) async throws -> Bool {
        guard let info = try await bucket.objectInfo(keys.upload),
            try await bucket.document(UploadRecord.self, at: keys.upload) == old
        else { return false }
        do {
            try await bucket.putDocument(new, at: keys.upload, condition: .ifMatch(info.etag))
            return true
        } catch {
            guard error.code == .preconditionFailed || error.code == .notFound else { throw error }
            return false
        }
    }

    private func fetchParts(
        _ found: RemoteSource.Found, bytes: Int, _ upload: UploadRecord
    ) async throws {
        guard let id = upload.uploadID else { return }
        let key = ObjectKey(upload.key)
        let source = source
        let stored = try await bucket.listParts(of: key, uploadID: id)
        let missing = ImportPart.missing(
            bytes: bytes, partBytes: UploadLimits.partBytes(of: bytes),
            stored: Dictionary(stored.map { ($0.number, $0.bytes) }) { $1 })
        _ = try await concurrentMap(missing, limit: Self.atOnce) { [bucket] part in
            let body = try await source.bytes(part.range, of: found, total: bytes)
            return try await bucket.uploadPart(
                .bytes(body), number: part.number, of: key, uploadID: id)
        }
        do {
            let parts = try await bucket.listParts(of: key, uploadID: id)
            _ = try await bucket.completeMultipartUpload(
                key, uploadID: id, parts: parts.sorted { $0.number < $1.number }, condition: nil)
        } catch {
            // Another turn may have been first.
            guard error.code == .notFound, try await bucket.objectExists(key) else { throw error }
        }
    }

    /// Fetches the file through the scratch folder: the host has no ranges.
    private func fetchWhole(_ found: RemoteSource.Found, _ upload: UploadRecord) async throws {
        let whole = described(upload, found.file)
        if whole != upload, try await !replace(upload, by: whole) {
            throw RemoteSource.Failure.outOfTime
        }
        let source = source
        try await withScratchDirectory(in: dependencies.scratchRoot) { [bucket] folder in
            let path = "\(folder)/file"
            try await source.save(found, to: path, bytesMax: dependencies.uploadBytesMax)
            guard fileBytes(path) ?? 0 > 0 else {
                throw RemoteSource.Failure.refused("The file is empty.")
            }
            _ = try await bucket.uploadFile(
                path, to: ObjectKey(whole.key), contentType: whole.contentType)
        }
    }

    /// Ends the multipart upload of a file that is another one now.
    private func withdraw() async throws {
        guard let upload = try await pending(), let id = upload.uploadID else { return }
        var fresh = upload
        (fresh.uploadID, fresh.bytes) = (nil, nil)
        fresh.source?.validator = nil
        guard try await replace(upload, by: fresh) else { return }
        try await bucket.abortMultipartUpload(ObjectKey(upload.key), uploadID: id)
    }

    private func fail(_ sentence: String) async throws {
        guard let upload = try await pending() else { return }
        if let id = upload.uploadID {
            try await bucket.abortMultipartUpload(ObjectKey(upload.key), uploadID: id)
        }
        let record = AssetRecord(
            id: keys.asset, owner: keys.owner, status: .failed, fileName: upload.fileName,
            contentType: upload.contentType, key: upload.key, etag: "", bytes: 0, media: nil,
            error: sentence, createdAt: upload.createdAt)
        _ = try await bucket.createDocument(record, at: keys.record)
        logger.warning(
            "Import failed",
            ["assetId": .string(keys.asset.text), "reason": .string(sentence)])
    }
}

/// The state of an import that has not ended.
struct ImportProgress: Encodable, Sendable {
    /// Bytes that were fetched.
    var bytes: Int
    /// Size of the file; nil before the host has given it.
    var totalBytes: Int?

    /// The word for an asset that is imported.
    static let status = "downloading"

    init(_ upload: UploadRecord, in bucket: any Bucket) async throws {
        totalBytes = upload.bytes
        bytes = 0
        guard let id = upload.uploadID else { return }
        do {
            bytes = try await bucket.listParts(of: ObjectKey(upload.key), uploadID: id)
                .reduce(0) { $0 + $1.bytes }
        } catch {
            // The upload was completed or ended meanwhile.
            guard error.code == .notFound else { throw error }
        }
    }
}
