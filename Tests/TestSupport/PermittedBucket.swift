package import ObjectStore
import Synchronization

/// A bucket that permits only the S3 actions of a function's role.
///
/// Permissions apply to an S3 action and a key, as in IAM. A missing key differs
/// from a forbidden one only if listing is permitted.
package final class PermittedBucket: Bucket {
    private let wrapped: any Bucket
    private let permissions: [String: [String]]
    /// Called with each action and the pattern that permitted it.
    private let used: @Sendable (_ action: String, _ pattern: String) -> Void

    /// - Parameter permissions: Key patterns with a trailing star, by action; an
    ///   empty list applies to the bucket.
    package init(
        _ wrapped: any Bucket, permissions: [String: [String]],
        used: @escaping @Sendable (_ action: String, _ pattern: String) -> Void
    ) {
        self.wrapped = wrapped
        self.permissions = permissions
        self.used = used
    }

    private func require(
        _ action: String, _ key: String, _ operation: String
    ) throws(ObjectStoreError) {
        let pattern = permissions[action]?.first { key.hasPrefix($0.dropLast()) }
        guard let pattern else {
            throw ObjectStoreError(
                .accessDenied, operation: operation, key: key,
                detail: "The role does not allow \(action) here")
        }
        used(action, pattern)
    }

    private func requireList(_ operation: String, _ key: String) throws(ObjectStoreError) {
        guard permissions["s3:ListBucket"] != nil else {
            throw ObjectStoreError(
                .accessDenied, operation: operation, key: key,
                detail: "The role does not allow s3:ListBucket")
        }
        used("s3:ListBucket", "")
    }

    private func reading<Result: Sendable>(
        _ key: ObjectKey, _ operation: String,
        _ body: () async throws(ObjectStoreError) -> Result
    ) async throws(ObjectStoreError) -> Result {
        try require("s3:GetObject", key.text, operation)
        do throws(ObjectStoreError) {
            return try await body()
        } catch {
            if error.code == .notFound { try requireList(operation, key.text) }
            throw error
        }
    }

    package func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        try await reading(key, "GetObject") { () async throws(ObjectStoreError) in
            try await wrapped.getObject(
                key, range: range, ifMatch: ifMatch, bytesMax: bytesMax)
        }
    }

    package func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await reading(key, "GetObject") { () async throws(ObjectStoreError) in
            try await wrapped.downloadObject(key, ifMatch: ifMatch, toFile: path)
        }
    }

    @discardableResult
    package func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try require("s3:PutObject", key.text, "PutObject")
        return try await wrapped.putObject(body, at: key, options: options)
    }

    @discardableResult
    package func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try require("s3:GetObject", source.text, "CopyObject")
        try require("s3:PutObject", key.text, "CopyObject")
        return try await wrapped.copyObject(source, to: key, ifMatch: ifMatch)
    }

    package func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try require("s3:GetObject", source.text, "UploadPartCopy")
        try require("s3:PutObject", key.text, "UploadPartCopy")
        return try await wrapped.copyPart(
            source, range: range, ifMatch: ifMatch, number: number, of: key, uploadID: uploadID)
    }

    package func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        for key in keys { try require("s3:DeleteObject", key.text, "DeleteObjects") }
        return try await wrapped.deleteObjects(keys)
    }

    package func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        try await reading(key, "HeadObject") { () async throws(ObjectStoreError) in
            try await wrapped.headObject(key)
        }
    }

    package func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        try require("s3:DeleteObject", key.text, "DeleteObject")
        try await wrapped.deleteObject(key)
    }

    package func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        try requireList("ListObjectsV2", prefix)
        return try await wrapped.listObjects(
            prefix: prefix, startAfter: startAfter, keyCountMax: keyCountMax)
    }

    package func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        try require("s3:PutObject", key.text, "CreateMultipartUpload")
        return try await wrapped.createMultipartUpload(key, options: options)
    }

    package func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try require("s3:PutObject", key.text, "UploadPart")
        return try await wrapped.uploadPart(body, number: number, of: key, uploadID: uploadID)
    }

    package func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        try require("s3:ListMultipartUploadParts", key.text, "ListParts")
        return try await wrapped.listParts(of: key, uploadID: uploadID)
    }

    package func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try require("s3:PutObject", key.text, "CompleteMultipartUpload")
        return try await wrapped.completeMultipartUpload(
            key, uploadID: uploadID, parts: parts, condition: condition)
    }

    package func abortMultipartUpload(
        _ key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) {
        try require("s3:AbortMultipartUpload", key.text, "AbortMultipartUpload")
        try await wrapped.abortMultipartUpload(key, uploadID: uploadID)
    }

    /// Signs a URL, which has the permissions of its signer.
    package func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        switch request {
        case .get(let key, _), .head(let key):
            try require("s3:GetObject", key.text, "presignedURL")
        case .put(let key, _, _), .uploadPart(let key, _, _):
            try require("s3:PutObject", key.text, "presignedURL")
        }
        return try await wrapped.presignedURL(
            request, expiresIn: expiresIn, audience: audience)
    }

    package func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        try require("s3:PutObject", upload.key.text, "PostObject")
        return try await wrapped.presignedPost(upload, expiresIn: expiresIn)
    }
}
