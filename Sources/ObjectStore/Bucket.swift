/// One bucket of an S3-compatible store: Spool's only state.
///
/// Every conformer follows the rules of `BucketContract` in the tests. Every call
/// may throw `.unavailable`, `.timeout`, `.cancelled`, `.accessDenied` and
/// `.invalidResponse` in addition to the errors listed for it.
package protocol Bucket: Sendable {
    /// Reads an object, or a range of it, into memory.
    /// - Parameter range: Half-open byte range; an end beyond the object is
    ///   clamped.
    /// - Parameter bytesMax: A longer body throws `.tooLarge`; it is not
    ///   truncated.
    /// - Throws: `.notFound`, `.preconditionFailed` (ETag differs),
    ///   `.invalidRange` (range starts at or after the end), `.tooLarge`.
    func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject

    /// Streams an object into a new file in constant memory.
    /// - Throws: the errors of `getObject`, and `.localFile`; a failure leaves no
    ///   file.
    func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Stores an object atomically.
    /// - Returns: the metadata of the stored object.
    /// - Throws: `.preconditionFailed` if the condition does not hold.
    @discardableResult
    func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Reads an object's metadata.
    /// - Throws: `.notFound`.
    func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo

    /// Copies an object inside the bucket together with its content type.
    /// - Parameter ifMatch: The ETag that the source must have; nil for any.
    /// - Throws: `.notFound`, `.preconditionFailed`, and `.invalidRequest` for a
    ///   source above 5 GiB or a copy onto itself.
    @discardableResult
    func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Deletes an object; a missing object is not an error.
    func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError)

    /// Deletes several objects; missing keys are not an error.
    /// - Returns: the keys that the store refused to delete, with their errors.
    func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError]

    /// Lists one page of keys in UTF-8 byte order.
    /// - Parameter startAfter: Only keys greater than this one are listed; nil
    ///   lists from the first.
    /// - Parameter keyCountMax: 1 to 1,000.
    func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage

    /// Starts a multipart upload.
    /// - Returns: the upload ID.
    func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String

    /// Uploads one part of a multipart upload.
    /// - Parameter number: 1 to 10,000.
    func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart

    /// Copies a range of an existing object as one part.
    /// - Parameter range: Half-open byte range of the source.
    func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart

    /// Lists the uploaded parts by number, over all pages.
    /// - Throws: `.notFound` for an unknown upload ID.
    func listParts(of key: ObjectKey, uploadID: String)
        async throws(ObjectStoreError) -> [UploadedPart]

    /// Joins the parts into an object.
    /// - Parameter condition: Checked as for `putObject`.
    func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Ends a multipart upload and deletes its parts.
    func abortMultipartUpload(_ key: ObjectKey, uploadID: String) async throws(ObjectStoreError)

    /// Signs a URL that allows one kind of request until it expires (SigV4
    /// query).
    /// - Parameter expiresIn: 1 to 604,800 seconds.
    /// - Parameter audience: The client of the URL; it decides the host. A client's download
    ///   may be the URL of a CDN.
    func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String

    /// Signs a form with which a browser may post one object until it expires.
    /// - Throws: `.invalidRequest` if the store does not support POST forms.
    func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost
}
