/// Who reaches the store by a presigned URL: its host is signed with it.
package enum URLAudience: Sendable {
    /// Our own FFmpeg, beside the functions.
    case `internal`
    /// A browser or another client of the deployment.
    case client
}

/// What a store tells of an object without its bytes.
package struct ObjectInfo: Hashable, Sendable {
    package var key: ObjectKey
    /// Without the quotes of the header.
    package var etag: String
    package var bytes: Int
    /// Milliseconds since 1970; stores give whole seconds.
    package var lastModifiedMilliseconds: Int
    /// nil where a listing does not tell.
    package var contentType: String?

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
    package var info: ObjectInfo
    package var body: [UInt8]

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

package struct PutOptions: Hashable, Sendable {
    package var contentType: String
    package var condition: WriteCondition?
    /// `Content-Disposition` to serve the object with.
    package var contentDisposition: String?
    /// Of a multipart upload: every part comes from this client, which sends a
    /// checksum with each. A browser with a presigned URL sends none, and then
    /// S3 refuses the part.
    package var checksParts = false

    package init(
        contentType: String = "application/octet-stream", condition: WriteCondition? = nil,
        contentDisposition: String? = nil
    ) {
        self.contentType = contentType
        self.condition = condition
        self.contentDisposition = contentDisposition
    }
}

package struct ListPage: Hashable, Sendable {
    package var objects: [ObjectInfo]
    package var isTruncated: Bool

    package init(objects: [ObjectInfo], isTruncated: Bool) {
        self.objects = objects
        self.isTruncated = isTruncated
    }
}

package struct UploadedPart: Hashable, Sendable {
    package var number: Int
    package var etag: String
    package var bytes: Int
    /// CRC-64/NVME in base64, where the store told it.
    package var checksum: String?

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
    package var key: ObjectKey
    package var contentType: String
    /// Bytes of the file, both ends allowed.
    package var bytes: ClosedRange<Int>

    package init(key: ObjectKey, contentType: String, bytes: ClosedRange<Int>) {
        self.key = key
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// Where a form goes and the fields that stand before its `file`.
package struct PresignedPost: Hashable, Sendable {
    package var url: String
    package var fields: [String: String]

    package init(url: String, fields: [String: String]) {
        self.url = url
        self.fields = fields
    }
}
