import Captions
import FFmpeg
import Jobs
import JSON
import MediaTime
import ObjectStore
import RenderPlans
import WallClock

/// Turns an upload into an asset. Idempotent; safe to run concurrently.
struct AssetIntake: Sendable {
    let keys: AssetKeys
    let bucket: any Bucket
    let renderer: any MediaRenderer
    let now: @Sendable () -> UnixTime
    /// Largest upload.
    let bytesMax: Int

    /// Lifetime of the URL that the probe reads from.
    static let probeURLLifetime = Duration.seconds(600)

    /// Completes a multipart upload; a completed one stays.
    /// - Parameter parts: The client's list; empty lists the store's parts.
    /// - Throws: a 404 problem for an unknown asset, 409 for parts that the store does
    ///   not have.
    func joinParts(_ parts: [UploadedPart]) async throws {
        let upload = try await upload()
        // Parts of an import are joined by import-url, once it has all of them.
        guard let uploadID = upload.uploadID, upload.source == nil else { return }
        let key = ObjectKey(upload.key)
        if try await bucket.objectExists(key) { return }
        do {
            let stored = try await bucket.listParts(of: key, uploadID: uploadID)
            let known = parts.isEmpty ? stored : parts.sorted { $0.number < $1.number }
            guard !known.isEmpty else { throw notUploaded(upload) }
            let bytes = stored.reduce(0) { $0 + $1.bytes }
            guard bytes <= bytesMax else {
                try await bucket.abortMultipartUpload(key, uploadID: uploadID)
                throw Problem.uploadTooLarge(bytes, bytesMax: bytesMax, pointer: "/parts")
            }
            _ = try await bucket.completeMultipartUpload(
                key, uploadID: uploadID, parts: known, condition: nil)
        } catch let error as ObjectStoreError {
            // Another completion may have been first.
            if error.code == .notFound, try await bucket.objectExists(key) { return }
            guard [.invalidRequest, .notFound, .tooLarge].contains(error.code) else { throw error }
            throw Problem(
                status: 409, title: "Upload incomplete",
                detail: "The store does not have the listed parts"
                    + (error.serviceCode.map { " (\($0))." } ?? "."),
                faults: [FieldFault(pointer: "/parts", detail: "do not match what was uploaded")])
        }
    }

    /// The asset's record; made if it does not exist or is for other bytes.
    /// - Throws: a 404 problem for an unknown asset, 409 when the bytes are missing.
    func record() async throws -> AssetRecord {
        let upload = try await upload()
        guard let info = try await bucket.objectInfo(ObjectKey(upload.key)) else {
            // The bytes of an upload that cannot be used are deleted.
            if let known = try await bucket.document(AssetRecord.self, at: keys.record),
                known.status == .failed
            {
                return known
            }
            throw notUploaded(upload)
        }
        if let known = try await bucket.document(AssetRecord.self, at: keys.record),
            known.etag == info.etag
        {
            // Assets of earlier versions are not in the list yet.
            if try await !bucket.objectExists(listEntry(of: known, nil)) {
                try await list(known, of: upload)
            }
            try await removeRejected(known, info)
            return known
        }
        let record: AssetRecord
        do {
            record = try await examine(upload, info)
        } catch {
            // Another call may have rejected the upload and deleted its bytes meanwhile.
            guard let known = try await bucket.document(AssetRecord.self, at: keys.record),
                known.status == .failed, known.etag == info.etag
            else { throw error }
            return known
        }
        // The entries first: an asset is never missing in the list.
        try await list(record, of: upload)
        try await bucket.putDocument(record, at: keys.record)
        try await removeRejected(record, info)
        // Nothing is derived from captions, or from a file that its batch deletes.
        if record.status == .ready, record.media != nil, upload.isForBatch != true {
            try await bucket.putDocument(["version": 1], at: keys.deriveRequest)
        }
        return record
    }

    /// Deletes the bytes of an upload that cannot be used; its record says why. JSON stays, unless
    /// it is too large: an edit or a project is no caption file, and is read by its key.
    private func removeRejected(_ record: AssetRecord, _ info: ObjectInfo) async throws {
        guard record.status == .failed,
            record.contentType != "application/json" || info.bytes > bytesMax
        else { return }
        try await bucket.deleteObject(ObjectKey(record.key))
    }

    /// Writes the asset's entries in the owner's list: that of its kind, then that of all.
    ///
    /// A file of a batch is not listed, nor is JSON that is no caption file: an edit or a project.
    private func list(_ record: AssetRecord, of upload: UploadRecord) async throws {
        guard upload.isForBatch != true,
            record.status == .ready || record.contentType != "application/json"
        else { return }
        if let kind = record.listedKind {
            try await bucket.putDocument(["version": 1], at: listEntry(of: record, kind))
        }
        try await bucket.putDocument(["version": 1], at: listEntry(of: record, nil))
    }

    private func listEntry(of record: AssetRecord, _ kind: AssetKeys.Kind?) -> ObjectKey {
        keys.listEntry(kind, fileName: record.fileName)
    }

    private func upload() async throws -> UploadRecord {
        guard let upload = try await bucket.document(UploadRecord.self, at: keys.upload) else {
            throw Problem.assetNotFound
        }
        return upload
    }

    private func notUploaded(_ upload: UploadRecord) -> Problem {
        Problem(
            status: 409, title: "Upload incomplete",
            detail: "The bytes of \(upload.fileName) are not uploaded yet.",
            faults: [FieldFault(pointer: "/assetId", detail: "is not uploaded yet")])
    }

    private func examine(_ upload: UploadRecord, _ info: ObjectInfo) async throws -> AssetRecord {
        var record = AssetRecord(
            id: keys.asset, owner: keys.owner, status: .failed, fileName: upload.fileName,
            contentType: upload.contentType, key: upload.key, etag: info.etag, bytes: info.bytes,
            media: nil, error: nil, createdAt: upload.createdAt)
        if info.bytes > bytesMax {
            record.error =
                "The upload has \(info.bytes) bytes; the largest upload has \(bytesMax) bytes."
            return record
        }
        if let announced = upload.bytes, info.bytes != announced {
            record.error =
                "The upload has \(info.bytes) bytes, but \(announced) were announced."
            return record
        }
        if let type = info.contentType, type != upload.contentType {
            record.error = "The upload is \(type), but \(upload.contentType) was announced."
            return record
        }
        if let format = CaptionFormat(contentType: upload.contentType) {
            return try await examineCaptions(record, format)
        }
        let url = try await bucket.presignedURL(
            .get(ObjectKey(upload.key), downloadName: nil),
            expiresIn: Self.probeURLLifetime, audience: .internal)
        do throws(FFmpegError) {
            let media = try await probe(url)
            record.media = media
            let duration = Duration.microseconds(media.durationMicroseconds)
            if upload.source != nil, duration > UploadLimits.importedDurationMax {
                record.error = "The file lasts longer than 4 hours, the longest import."
            } else {
                record.status = .ready
            }
        } catch {
            guard error.isPermanent else { throw error }
            record.error =
                "The file \(upload.fileName) is not usable media:"
                + " \(try await refusal(record) ?? error.description)"
        }
        return record
    }
}

extension AssetIntake {
    /// The name of a type that FFmpeg does not read, by the file's first bytes; nil for an
    /// unknown one.
    private func refusal(_ record: AssetRecord) async throws -> String? {
        let count = min(record.bytes, FileSignature.byteCount)
        guard count > 0 else { return nil }
        let start = try await bucket.getObject(
            ObjectKey(record.key), range: 0..<count, ifMatch: record.etag, bytesMax: count)
        return FileSignature.refusal(start.body)
    }

    /// Probes a file; one that is rejected is probed once more before it is condemned.
    private func probe(_ url: String) async throws(FFmpegError) -> MediaInfo {
        do {
            return try await renderer.probe(url: url)
        } catch {
            guard error.isPermanent else { throw error }
            return try await renderer.probe(url: url)
        }
    }

    /// Parses a caption file, so that its faults are reported at once.
    private func examineCaptions(
        _ record: AssetRecord, _ format: CaptionFormat
    ) async throws -> AssetRecord {
        var record = record
        guard record.bytes <= CaptionLimits.fileBytesMax else {
            record.error =
                "The file \(record.fileName) has more than \(CaptionLimits.fileBytesMax) bytes."
            return record
        }
        let stored = try await bucket.getObject(
            ObjectKey(record.key), range: nil, ifMatch: record.etag,
            bytesMax: CaptionLimits.fileBytesMax)
        do throws(CaptionFault) {
            let track = try CaptionTrack(stored.body, format: format)
            record.captions = AssetRecord.Captions(
                format: format, words: track.words.count,
                durationMilliseconds: track.endMilliseconds)
            record.status = .ready
        } catch {
            record.error = "The file \(record.fileName) is not a usable caption file: \(error)."
        }
        return record
    }
}

/// The asset as clients read it.
struct AssetDocument: Encodable {
    struct Metadata: Encodable {
        /// `video`, `audio`, `image` or `captions`.
        var kind: String
        var format: String
        /// Seconds.
        var duration: Double
        var width: Int?
        var height: Int?
        var fps: Double?
        /// Exact, for instance `30000/1001`.
        var frameRate: String?
        var videoCodec: String?
        var audioCodec: String?
        var audioChannels: Int?
        var rotation: Int?
        /// Field that is shown first, `top` or `bottom`; missing for progressive video.
        var firstField: String?
        /// True if the picture has transparency; missing without a picture.
        var hasAlpha: Bool?
        /// Every audio track, if there are several or one cannot be decoded.
        var audioTracks: [AudioTrack]?
        /// Number of words of a caption file.
        var words: Int?
        var size: Int
        var contentType: String
        var filename: String
    }

    /// An audio track; `asset.audioTrack` of an edit is its place in the list.
    struct AudioTrack: Encodable {
        var codec: String
        var channels: Int
        var sampleRate: Int
        var language: String?
        var title: String?
        var isDecodable: Bool
        /// True for the track that plays unless an edit chooses another.
        var isDefault: Bool
    }

    var id: String
    var userId: String
    /// Presigned for 24 hours.
    var cloudUrl: String
    /// Answers 404 until the poster is made, a moment after the upload.
    var posterUrl: String?
    var status: String
    var metadata: Metadata
    /// Doubts about the file; missing without any.
    var warnings: [WarningDocument]?

    /// Lifetime of the URLs in the document.
    static let urlLifetime = Duration.seconds(86_400)

    init(_ record: AssetRecord, keys: AssetKeys, bucket: any Bucket) async throws {
        id = record.id
        userId = record.owner
        status = record.status.rawValue
        cloudUrl = try await bucket.presignedURL(
            .get(ObjectKey(record.key), downloadName: nil), expiresIn: Self.urlLifetime,
            audience: .client)
        if record.media?.video != nil {
            posterUrl = try await bucket.presignedURL(
                .get(keys.poster, downloadName: nil), expiresIn: Self.urlLifetime,
                audience: .client)
        }
        let media = record.media
        let display = media?.video?.displaySize
        metadata = Metadata(
            kind: media?.kind.rawValue ?? (record.captions == nil ? "" : "captions"),
            format: media?.format ?? record.captions?.format.rawValue ?? "",
            duration: media.map { Double($0.durationMicroseconds) / 1_000_000 }
                ?? Double(record.captions?.durationMilliseconds ?? 0) / 1_000,
            width: display?.width, height: display?.height,
            fps: media?.video?.frameRate?.doubleValue,
            frameRate: media?.video?.frameRate?.description, videoCodec: media?.video?.codec,
            audioCodec: media?.audio?.codec, audioChannels: media?.audio?.channels,
            rotation: media?.video?.rotationDegrees,
            firstField: media?.video?.firstField?.rawValue,
            hasAlpha: media?.video?.hasAlpha,
            audioTracks: media?.audioTracks?.map { track in
                AudioTrack(
                    codec: track.audio.codec, channels: track.audio.channels,
                    sampleRate: track.audio.sampleRate, language: track.language,
                    title: track.title, isDecodable: track.isDecodable,
                    isDefault: track.audio == media?.audio)
            }, words: record.captions?.words,
            size: record.bytes,
            contentType: record.contentType, filename: record.fileName)
        warnings = WarningDocument.list(record.media?.warnings)
    }
}
