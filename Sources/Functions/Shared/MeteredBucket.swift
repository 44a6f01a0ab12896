import ObjectStore
import Synchronization

/// Counts requests in the two classes that stores bill: reads (GET, HEAD) and writes
/// (PUT, POST, LIST). Deletes are free.
final class MeteredBucket: Bucket {
    struct Counts: Sendable {
        var reads = 0
        var writes = 0
    }

    private let wrapped: any Bucket
    private let count = Mutex(Counts())

    init(_ wrapped: any Bucket) { self.wrapped = wrapped }

    var counts: Counts { count.withLock { $0 } }

    private func read() { count.withLock { $0.reads += 1 } }
    private func write() { count.withLock { $0.writes += 1 } }

    func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        read()
        return try await wrapped.getObject(
            key, range: range, ifMatch: ifMatch, bytesMax: bytesMax)
    }

    func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        read()
        return try await wrapped.downloadObject(key, ifMatch: ifMatch, toFile: path)
    }

    @discardableResult
    func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        write()
        return try await wrapped.putObject(body, at: key, options: options)
    }

    @discardableResult
    func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        write()
        return try await wrapped.copyObject(source, to: key, ifMatch: ifMatch)
    }

    func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        write()
        return try await wrapped.copyPart(
            source, range: range, ifMatch: ifMatch, number: number, of: key, uploadID: uploadID)
    }

    func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        try await wrapped.deleteObjects(keys)
    }

    func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        read()
        return try await wrapped.headObject(key)
    }

    func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        try await wrapped.deleteObject(key)
    }

    func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        write()
        return try await wrapped.listObjects(
            prefix: prefix, startAfter: startAfter, keyCountMax: keyCountMax)
    }

    func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        write()
        return try await wrapped.createMultipartUpload(key, options: options)
    }

    func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        write()
        return try await wrapped.uploadPart(body, number: number, of: key, uploadID: uploadID)
    }

    func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        write()
        return try await wrapped.listParts(of: key, uploadID: uploadID)
    }

    func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        write()
        return try await wrapped.completeMultipartUpload(
            key, uploadID: uploadID, parts: parts, condition: condition)
    }

    func abortMultipartUpload(
        _ key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) {
        try await wrapped.abortMultipartUpload(key, uploadID: uploadID)
    }

    func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        try await wrapped.presignedURL(
            request, expiresIn: expiresIn, audience: audience)
    }

    func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        try await wrapped.presignedPost(upload, expiresIn: expiresIn)
    }
}
