package import Captions
package import RenderPlans
package import WallClock

/// An upload that was granted: `assets/{owner}/{asset}/upload.json`.
package struct UploadRecord: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Name as the caller gave it.
    package var fileName: String
    /// Announced media type.
    package var contentType: String
    /// Announced size; nil if the caller did not announce one.
    package var bytes: Int?
    /// Object key of the raw upload.
    package var key: String
    /// Upload ID of a multipart upload; nil for a single PUT.
    package var uploadID: String?
    /// Time of the grant.
    package var createdAt: UnixTime
    /// True if the file belongs to one batch: nothing is derived from it, and it is deleted
    /// with the batch's last output. Nil is false.
    package var isForBatch: Bool?
    /// The file that is imported; nil for an upload by the caller.
    package var source: Source?

    /// A file that is imported from a URL.
    package struct Source: Hashable, Sendable, Codable {
        /// The URL as the caller gave it.
        package var url: String
        /// Value for `If-Range` when the upload was begun; nil before, and for hosts without one.
        package var validator: String?

        /// A file at a URL.
        package init(url: String, validator: String? = nil) {
            self.url = url
            self.validator = validator
        }
    }

    /// A granted upload.
    package init(
        fileName: String, contentType: String, bytes: Int?, key: String, uploadID: String?,
        createdAt: UnixTime, isForBatch: Bool? = nil, source: Source? = nil
    ) {
        self.isForBatch = isForBatch
        self.source = source
        self.fileName = fileName
        self.contentType = contentType
        self.bytes = bytes
        self.key = key
        self.uploadID = uploadID
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, fileName, contentType, bytes, key, uploadID = "uploadId"
        case createdAt = "createdAtMilliseconds", isForBatch, source
    }
}

/// A complete upload that was examined: `assets/{owner}/{asset}/asset.json`.
package struct AssetRecord: Hashable, Sendable, Codable {
    /// `failed` if the bytes are not usable.
    package enum Status: String, Sendable, Codable { case ready, failed }

    /// Version of the record's format.
    package var version: Int = 1
    /// Text of the `AssetID`.
    package var id: String
    /// Text of the `OwnerID`.
    package var owner: String
    /// Outcome of the examination.
    package var status: Status
    /// Name as the caller gave it.
    package var fileName: String
    /// Media type.
    package var contentType: String
    /// Object key of the raw upload.
    package var key: String
    /// ETag of the upload.
    package var etag: String
    /// Size of the upload.
    package var bytes: Int
    /// The streams that the probe found; nil if the probe failed.
    package var media: MediaInfo?
    /// Contents of a caption file; nil for media.
    package var captions: Captions?
    /// Reason of the failure in one sentence; nil unless failed.
    package var error: String?
    /// Time of the grant.
    package var createdAt: UnixTime

    private enum CodingKeys: String, CodingKey {
        case version, id, owner, status, fileName, contentType, key, etag, bytes, media, captions
        case error, createdAt = "createdAtMilliseconds"
    }

    /// The contents of a caption file in numbers.
    package struct Captions: Hashable, Sendable, Codable {
        /// Format that was recognised.
        package var format: CaptionFormat
        /// Number of words.
        package var words: Int
        /// End of the last cue.
        package var durationMilliseconds: Int

        /// Contents in numbers.
        package init(format: CaptionFormat, words: Int, durationMilliseconds: Int) {
            self.format = format
            self.words = words
            self.durationMilliseconds = durationMilliseconds
        }
    }

    /// An examined upload.
    package init(
        id: AssetID, owner: OwnerID, status: Status, fileName: String, contentType: String,
        key: String, etag: String, bytes: Int, media: MediaInfo?, error: String?,
        createdAt: UnixTime
    ) {
        self.id = id.text
        self.owner = owner.text
        self.status = status
        self.fileName = fileName
        self.contentType = contentType
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.media = media
        self.error = error
        self.createdAt = createdAt
    }
}
