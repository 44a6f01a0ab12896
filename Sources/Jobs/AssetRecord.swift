package import Captions
package import RenderPlans
package import WallClock

/// What init-upload promised: `assets/{owner}/{asset}/upload.json`.
package struct UploadRecord: Hashable, Sendable, Codable {
    package var version: Int = 1
    package var fileName: String
    package var contentType: String
    /// As announced; nil where it was not.
    package var bytes: Int?
    /// Object key of the raw upload.
    package var key: String
    /// Of a multipart upload; nil for a single PUT.
    package var uploadID: String?
    package var createdAt: UnixTime

    package init(
        fileName: String, contentType: String, bytes: Int?, key: String, uploadID: String?,
        createdAt: UnixTime
    ) {
        self.fileName = fileName
        self.contentType = contentType
        self.bytes = bytes
        self.key = key
        self.uploadID = uploadID
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, fileName, contentType, bytes, key, uploadID = "uploadId"
        case createdAt = "createdAtMilliseconds"
    }
}

/// What a complete upload is: `assets/{owner}/{asset}/asset.json`.
package struct AssetRecord: Hashable, Sendable, Codable {
    package enum Status: String, Sendable, Codable { case ready, failed }

    package var version: Int = 1
    package var id: String
    package var owner: String
    package var status: Status
    package var fileName: String
    package var contentType: String
    /// Object key of the raw upload.
    package var key: String
    package var etag: String
    package var bytes: Int
    /// The probe's finding; nil when it failed.
    package var media: MediaInfo?
    /// Of a file of captions; nil for media.
    package var captions: Captions?
    /// One sentence; only when failed.
    package var error: String?
    package var createdAt: UnixTime

    private enum CodingKeys: String, CodingKey {
        case version, id, owner, status, fileName, contentType, key, etag, bytes, media, captions
        case error, createdAt = "createdAtMilliseconds"
    }

    /// What was found in a file of captions.
    package struct Captions: Hashable, Sendable, Codable {
        package var format: CaptionFormat
        package var words: Int
        package var durationMilliseconds: Int

        package init(format: CaptionFormat, words: Int, durationMilliseconds: Int) {
            self.format = format
            self.words = words
            self.durationMilliseconds = durationMilliseconds
        }
    }

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
