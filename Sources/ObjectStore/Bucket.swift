/// One bucket of an S3-compatible store: the only state that Spool has.
///
/// Every conformer behaves alike; `BucketContract` in the tests holds them to
/// it. All calls may throw `.unavailable`, `.timeout`, `.cancelled`,
/// `.accessDenied` and `.invalidResponse` besides what each one names.
package protocol Bucket: Sendable {
    /// Reads an object, or a part of it, into memory.
    /// - Parameter range: Bytes, half-open; an end beyond the object is cut.
    /// - Parameter maximumBytes: More than this is `.tooLarge`, not a truncation.
    /// - Throws: `.notFound`, `.preconditionFailed` (ETag differs),
    ///   `.invalidRange` (range starts at or after the end), `.tooLarge`.
    func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, maximumBytes: Int
    ) async throws(ObjectStoreError) -> StoredObject

    /// Streams an object into a new file, constant in memory.
    /// - Throws: as `getObject`, and `.localFile`; no file is left behind.
    func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Stores an object, whole or not at all.
    /// - Returns: what the store now holds.
    /// - Throws: `.preconditionFailed` when the condition does not hold.
    @discardableResult
    func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// - Throws: `.notFound`.
    func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo

    /// Deletes an object; one that does not exist is deleted already.
    func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError)

    /// One page of keys in UTF-8 byte order.
    /// - Parameter startAfter: Only keys greater than this one.
    /// - Parameter maximumKeys: 1 to 1,000.
    func listObjects(
        prefix: String, startAfter: String?, maximumKeys: Int
    ) async throws(ObjectStoreError) -> ListPage

    func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String

    /// - Parameter number: 1 to 10,000.
    /// - Returns: the part's ETag.
    func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> String

    /// Uploaded parts in the order of their numbers, all pages.
    /// - Throws: `.notFound` for an unknown upload ID.
    func listParts(of key: ObjectKey, uploadID: String)
        async throws(ObjectStoreError) -> [UploadedPart]

    /// - Parameter condition: Checked as for `putObject`.
    func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo

    func abortMultipartUpload(_ key: ObjectKey, uploadID: String) async throws(ObjectStoreError)

    /// A URL that allows one kind of request until it expires (SigV4 query).
    /// - Parameter expiresInSeconds: 1 to 604,800.
    /// - Parameter audience: Who shall reach the store by it.
    func presignedURL(
        _ request: PresignedRequest, expiresInSeconds: Int, audience: URLAudience
    ) throws(ObjectStoreError) -> String
}

/// Who reaches the store by a presigned URL: its host is signed with it.
package enum URLAudience: Sendable {
    /// Our own FFmpeg, beside the functions.
    case `internal`
    /// A browser or another client of the deployment.
    case client
}

extension Bucket {
    /// All objects below a prefix, page after page.
    package func listAllObjects(prefix: String) async throws(ObjectStoreError) -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        var page = try await listObjects(prefix: prefix, startAfter: nil, maximumKeys: 1_000)
        objects += page.objects
        while page.isTruncated, let last = page.objects.last {
            page = try await listObjects(
                prefix: prefix, startAfter: last.key.text, maximumKeys: 1_000)
            objects += page.objects
        }
        return objects
    }
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

    package init(number: Int, etag: String, bytes: Int) {
        self.number = number
        self.etag = etag
        self.bytes = bytes
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
