package import ObjectStore
import Synchronization

/// A bucket whose Nth call fails: once, or from then on.
///
/// A test raises N from 1 until the code under test succeeds, and checks what each failure left
/// in the bucket.
package final class FaultyBucket: Bucket {
    private let wrapped: any Bucket
    private let failing: Int
    private let isPersistent: Bool
    /// True if a failing call still reaches the store: a lost response.
    private let takesEffect: Bool
    /// Called with the operation's name before each call.
    private let before: @Sendable (String) async -> Void
    private let calls = Mutex(0)

    /// Creates a bucket that passes its calls to another one, except those that fail.
    /// - Parameters:
    ///   - failing: The number of the first failing call, from 1; 0 for none.
    ///   - forever: True to fail all later calls as well.
    ///   - takesEffect: True if a failing call still reaches the store: a lost response.
    ///   - before: Called with the operation's name before each call.
    package init(
        _ wrapped: any Bucket, failing: Int = 0, forever: Bool = false, takesEffect: Bool = false,
        before: @escaping @Sendable (String) async -> Void = { _ in }
    ) {
        self.before = before
        self.wrapped = wrapped
        self.failing = failing
        isPersistent = forever
        self.takesEffect = takesEffect
    }

    /// The number of calls so far.
    package var callCount: Int { calls.withLock { $0 } }

    private func call<Result: Sendable>(
        _ operation: String, _ body: () async throws(ObjectStoreError) -> Result
    ) async throws(ObjectStoreError) -> Result {
        let number = calls.withLock {
            $0 += 1
            return $0
        }
        await before(operation)
        guard number == failing || (isPersistent && number > failing) else {
            return try await body()
        }
        if takesEffect { _ = try await body() }
        throw ObjectStoreError(
            .unavailable, operation: operation, key: "", detail: "Call \(number) was made to fail")
    }

    package func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        try await call("GetObject") { () async throws(ObjectStoreError) in
            try await wrapped.getObject(
                key, range: range, ifMatch: ifMatch, bytesMax: bytesMax)
        }
    }

    package func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("GetObject") { () async throws(ObjectStoreError) in
            try await wrapped.downloadObject(key, ifMatch: ifMatch, toFile: path)
        }
    }

    @discardableResult
    package func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("PutObject") { () async throws(ObjectStoreError) in
            try await wrapped.putObject(body, at: key, options: options)
        }
    }

    @discardableResult
    package func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("CopyObject") { () async throws(ObjectStoreError) in
            try await wrapped.copyObject(source, to: key, ifMatch: ifMatch)
        }
    }

    package func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try await call("UploadPartCopy") { () async throws(ObjectStoreError) in
            try await wrapped.copyPart(
                source, range: range, ifMatch: ifMatch, number: number, of: key,
                uploadID: uploadID)
        }
    }

    package func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        try await call("DeleteObjects") { () async throws(ObjectStoreError) in
            try await wrapped.deleteObjects(keys)
        }
    }

    package func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("HeadObject") { () async throws(ObjectStoreError) in
            try await wrapped.headObject(key)
        }
    }

    package func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        try await call("DeleteObject") { () async throws(ObjectStoreError) in
            try await wrapped.deleteObject(key)
        }
    }

    package func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        try await call("ListObjectsV2") { () async throws(ObjectStoreError) in
            try await wrapped.listObjects(
                prefix: prefix, startAfter: startAfter, keyCountMax: keyCountMax)
        }
    }

    package func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        try await call("CreateMultipartUpload") { () async throws(ObjectStoreError) in
            try await wrapped.createMultipartUpload(key, options: options)
        }
    }

    package func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try await call("UploadPart") { () async throws(ObjectStoreError) in
            try await wrapped.uploadPart(body, number: number, of: key, uploadID: uploadID)
        }
    }

    package func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        try await call("ListParts") { () async throws(ObjectStoreError) in
            try await wrapped.listParts(of: key, uploadID: uploadID)
        }
    }

    package func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("CompleteMultipartUpload") { () async throws(ObjectStoreError) in
            try await wrapped.completeMultipartUpload(
                key, uploadID: uploadID, parts: parts, condition: condition)
        }
    }

    package func abortMultipartUpload(
        _ key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) {
        try await call("AbortMultipartUpload") { () async throws(ObjectStoreError) in
            try await wrapped.abortMultipartUpload(key, uploadID: uploadID)
        }
    }

    package func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        try await wrapped.presignedURL(
            request, expiresIn: expiresIn, audience: audience)
    }

    package func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        try await wrapped.presignedPost(upload, expiresIn: expiresIn)
    }
}
