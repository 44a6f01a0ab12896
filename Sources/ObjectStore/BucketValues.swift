package import WallClock

/// The client of a presigned URL: its host is part of the signature.
package enum URLAudience: Sendable {
    /// Spool's own FFmpeg, next to the functions.
    case `internal`
    /// A browser or another client of the deployment.
    case client
}

/// Metadata of an object, as a store reports it.
package struct ObjectInfo: Hashable, Sendable {
    /// The object's key.
    package var key: ObjectKey
    /// The ETag, without the quotes of the header.
    package var etag: String
    /// The object's size in bytes.
    package var bytes: Int
    /// The time of the last write; stores report whole seconds.
    package var lastModified: UnixTime
    /// The object's `Content-Type`; nil in a listing, which carries none.
    package var contentType: String?

    /// Creates the metadata of one object.
    package init(
        key: ObjectKey, etag: String, bytes: Int, lastModified: UnixTime,
        contentType: String? = nil
    ) {
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.lastModified = lastModified
        self.contentType = contentType
    }
}

/// An object's metadata with its bytes, or with those of the requested range.
package struct StoredObject: Hashable, Sendable {
    /// Metadata of the object.
    package var info: ObjectInfo
    /// The bytes that were read.
    package var body: [UInt8]

    /// Creates an object from metadata and bytes.
    package init(info: ObjectInfo, body: [UInt8]) {
        self.info = info
        self.body = body
    }
}

/// The source of an upload's bytes.
package enum ObjectBody: Hashable, Sendable {
    case bytes([UInt8])
    /// A byte range of a local file, streamed.
    case file(path: String, offset: Int, bytes: Int)
}

/// A condition that the store checks atomically with the write.
package enum WriteCondition: Hashable, Sendable {
    /// `If-None-Match: *`
    case ifAbsent
    /// `If-Match: etag`
    case ifMatch(String)
}

/// Options of a write.
package struct PutOptions: Hashable, Sendable {
    /// The object's `Content-Type`.
    package var contentType: String
    /// The condition of the write; nil for an unconditional write.
    package var condition: WriteCondition?
    /// The `Content-Disposition` that the object is served with; nil for none.
    package var contentDisposition: String?
    /// True if this client uploads every part of the multipart upload and sends a
    /// checksum with each. A browser with a presigned URL sends none, and S3 then
    /// refuses the part.
    package var checksParts = false

    /// Creates the options of an unconditional write unless a condition is given.
    package init(
        contentType: String = "application/octet-stream", condition: WriteCondition? = nil,
        contentDisposition: String? = nil
    ) {
        self.contentType = contentType
        self.condition = condition
        self.contentDisposition = contentDisposition
    }
}

/// One page of a listing, in key order.
package struct ListPage: Hashable, Sendable {
    /// The objects of this page.
    package var objects: [ObjectInfo]
    /// True if more objects follow.
    package var isTruncated: Bool

    /// Creates a page of a listing.
    package init(objects: [ObjectInfo], isTruncated: Bool) {
        self.objects = objects
        self.isTruncated = isTruncated
    }
}

/// A part that the store holds of a multipart upload.
package struct UploadedPart: Hashable, Sendable {
    /// The part number, from 1 to 10,000.
    package var number: Int
    /// The part's ETag, without quotes.
    package var etag: String
    /// The part's size in bytes.
    package var bytes: Int
    /// The CRC-64/NVME in base64; nil if the store sent none.
    package var checksum: String?

    /// Creates a part as the store reported it.
    package init(number: Int, etag: String, bytes: Int, checksum: String? = nil) {
        self.number = number
        self.etag = etag
        self.bytes = bytes
        self.checksum = checksum
    }
}

/// The request that a presigned URL allows.
package enum PresignedRequest: Hashable, Sendable {
    /// `downloadName` becomes `response-content-disposition: attachment`.
    case get(ObjectKey, downloadName: String?)
    case head(ObjectKey)
    /// The content type and a given length are signed: the client must send them unchanged.
    case put(ObjectKey, contentType: String, contentLength: Int?)
    case uploadPart(ObjectKey, uploadID: String, number: Int)
}

/// The upload that a presigned form allows.
package struct PostUpload: Hashable, Sendable {
    /// The key that the form may write.
    package var key: ObjectKey
    /// The `Content-Type` that the form must send.
    package var contentType: String
    /// Permitted file sizes in bytes.
    package var bytes: ClosedRange<Int>

    /// Creates the rules of an upload form.
    package init(key: ObjectKey, contentType: String, bytes: ClosedRange<Int>) {
        self.key = key
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// The URL of a form and the fields that precede its `file`.
package struct PresignedPost: Hashable, Sendable {
    /// The URL that the form posts to.
    package var url: String
    /// The form's fields, sent before the file.
    package var fields: [String: String]

    /// Creates a form from its URL and fields.
    package init(url: String, fields: [String: String]) {
        self.url = url
        self.fields = fields
    }
}
