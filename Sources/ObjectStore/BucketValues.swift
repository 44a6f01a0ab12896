/// Who reaches the store by a presigned URL: its host is signed with it.
package enum URLAudience: Sendable {
    /// Our own FFmpeg, beside the functions.
    case `internal`
    /// A browser or another client of the deployment.
    case client
}

/// What a store tells of an object without its bytes.
package struct ObjectInfo: Hashable, Sendable {
    /// The object's key.
    package var key: ObjectKey
    /// Without the quotes of the header.
    package var etag: String
    /// The object's size in bytes.
    package var bytes: Int
    /// Milliseconds since 1970; stores give whole seconds.
    package var lastModifiedMilliseconds: Int
    /// nil in a listing, which has no content types.
    package var contentType: String?

    /// Metadata of these values.
    package init(
        key: ObjectKey, etag: String, bytes: Int, lastModifiedMilliseconds: Int,
        contentType: String? = nil
    ) {
        self.key = key
        self.etag = etag
        self.bytes = bytes
        self.lastModifiedMilliseconds = lastModifiedMilliseconds
        self.contentType = contentType
    }
}

/// An object and its bytes, or those of the range that was asked for.
package struct StoredObject: Hashable, Sendable {
    /// Metadata of the object.
    package var info: ObjectInfo
    /// The bytes that were read.
    package var body: [UInt8]

    /// An object with its bytes.
    package init(info: ObjectInfo, body: [UInt8]) {
        self.info = info
        self.body = body
    }
}

/// Where the bytes of an upload come from.
package enum ObjectBody: Hashable, Sendable {
    case bytes([UInt8])
    /// A part of a local file, streamed.
    case file(path: String, offset: Int, bytes: Int)
}

/// A condition that the store decides in the same step as the write.
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
    /// The condition of the write; nil writes always.
    package var condition: WriteCondition?
    /// `Content-Disposition` to serve the object with.
    package var contentDisposition: String?
    /// Of a multipart upload: every part comes from this client, which sends a
    /// checksum with each. A browser with a presigned URL sends none, and then
    /// S3 refuses the part.
    package var checksParts = false

    /// Options of a write; the condition is none unless given.
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

    /// A page of objects.
    package init(objects: [ObjectInfo], isTruncated: Bool) {
        self.objects = objects
        self.isTruncated = isTruncated
    }
}

/// A part of a multipart upload that the store has.
package struct UploadedPart: Hashable, Sendable {
    /// The part number, from 1 to 10,000.
    package var number: Int
    /// The part's ETag, without quotes.
    package var etag: String
    /// The part's size in bytes.
    package var bytes: Int
    /// CRC-64/NVME in base64, if the store sent it.
    package var checksum: String?

    /// A part as the store reported it.
    package init(number: Int, etag: String, bytes: Int, checksum: String? = nil) {
        self.number = number
        self.etag = etag
        self.bytes = bytes
        self.checksum = checksum
    }
}

/// What a presigned URL allows.
package enum PresignedRequest: Hashable, Sendable {
    /// `downloadName` becomes `response-content-disposition: attachment`.
    case get(ObjectKey, downloadName: String?)
    case head(ObjectKey)
    /// The signed headers that the client has to send as they are.
    case put(ObjectKey, contentType: String, contentLength: Int?)
    case uploadPart(ObjectKey, uploadID: String, number: Int)
}

/// What a form may upload.
package struct PostUpload: Hashable, Sendable {
    /// The key that the form may write.
    package var key: ObjectKey
    /// The `Content-Type` that the form must send.
    package var contentType: String
    /// Bytes of the file, both ends allowed.
    package var bytes: ClosedRange<Int>

    /// The rules of an upload form.
    package init(key: ObjectKey, contentType: String, bytes: ClosedRange<Int>) {
        self.key = key
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// Where a form goes and the fields that stand before its `file`.
package struct PresignedPost: Hashable, Sendable {
    /// The address that the form posts to.
    package var url: String
    /// The form's fields, sent before the file.
    package var fields: [String: String]

    /// A form with its address and fields.
    package init(url: String, fields: [String: String]) {
        self.url = url
        self.fields = fields
    }
}
