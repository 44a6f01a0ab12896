/// One bucket of an S3-compatible store: the only state that Spool has.
///
/// Every conformer behaves alike; `BucketContract` in the tests holds them to
/// it. All calls may throw `.unavailable`, `.timeout`, `.cancelled`,
/// `.accessDenied` and `.invalidResponse` besides what each one names.
package protocol Bucket: Sendable {
    /// Reads an object, or a part of it, into memory.
    /// - Parameter range: Bytes, half-open; an end beyond the object is cut.
    /// - Parameter bytesMax: More than this is `.tooLarge`, not a truncation.
    /// - Throws: `.notFound`, `.preconditionFailed` (ETag differs),
    ///   `.invalidRange` (range starts at or after the end), `.tooLarge`.
    func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
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

    /// Copies an object inside the bucket, its content type with it.
    /// - Parameter ifMatch: The ETag that the source must have.
    /// - Throws: `.notFound`, `.preconditionFailed`, `.invalidRequest` for a
    ///   source above 5 GiB or one copied to itself.
    @discardableResult
    func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo

    /// Deletes an object; one that does not exist is deleted already.
    func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError)

    /// Deletes objects together. Keys that are not there are deleted already.
    /// - Returns: the keys that the store refused to delete, and why.
    func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError]

    /// One page of keys in UTF-8 byte order.
    /// - Parameter startAfter: Only keys greater than this one.
    /// - Parameter keyCountMax: 1 to 1,000.
    func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage

    func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String

    /// - Parameter number: 1 to 10,000.
    func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart

    /// Makes a part of an object that the bucket has.
    /// - Parameter range: Bytes of the source, half-open.
    func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart

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
    ) async throws(ObjectStoreError) -> String

    /// A form that a browser may post one object with until it expires.
    /// - Throws: `.invalidRequest` where the store takes no such forms.
    func presignedPost(
        _ upload: PostUpload, expiresInSeconds: Int
    ) async throws(ObjectStoreError) -> PresignedPost
}
