import Glibc
import Synchronization

/// The split of large objects into pieces that are transferred in parallel.
enum TransferPlan {
    /// Maximum size in bytes of a file sent in one PUT.
    static let singlePutBytes = 64 << 20
    /// S3's limit for one copy, in bytes.
    static let singleCopyBytes = 5 << 30
    /// Pieces in transfer at the same time.
    static let atOnce = 8
    /// S3's limit of parts in one upload.
    static let partCountMax = 10_000

    /// Ranges of equal length except the last, as R2 requires. The length grows
    /// from `minimum` so that 10,000 ranges suffice.
    static func ranges(bytes: Int, minimum: Int) -> [Range<Int>] {
        let length = max(minimum, (bytes + partCountMax - 1) / partCountMax)
        return stride(from: 0, to: bytes, by: length).map { $0..<min($0 + length, bytes) }
    }
}

extension Bucket {
    /// Uploads a file while `check` still runs: the parts are sent meanwhile, but
    /// the object appears only after `check` has returned.
    /// - Throws: the error of `check`; a failure leaves nothing in the bucket.
    package func uploadFile(
        _ path: String, to key: ObjectKey, contentType: String,
        whileChecking check: @escaping @Sendable () async throws -> Void
    ) async throws -> ObjectInfo {
        let outcome = Mutex<(any Error)?>(nil)
        do {
            return try await uploadFile(path, to: key, contentType: contentType) {
                do {
                    try await check()
                    return true
                } catch {
                    outcome.withLock { $0 = error }
                    return false
                }
            }
        } catch {
            throw outcome.withLock { $0 } ?? error
        }
    }

    /// Stores a local file, in parts if it is large. A failure leaves nothing in
    /// the bucket.
    package func uploadFile(
        _ path: String, to key: ObjectKey, contentType: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await uploadFile(path, to: key, contentType: contentType) { true }
    }

    private func uploadFile(
        _ path: String, to key: ObjectKey, contentType: String,
        _ isGood: @escaping @Sendable () async -> Bool
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ObjectStoreError(
                .localFile, operation: "PutObject", key: key.text,
                detail: String(cString: strerror(errno)))
        }
        var options = PutOptions(contentType: contentType)
        options.checksParts = true
        let bytes = Int(status.st_size)
        guard bytes > TransferPlan.singlePutBytes else {
            guard await isGood() else { throw Self.withdrawn(key) }
            return try await putObject(
                .file(path: path, offset: 0, bytes: bytes), at: key, options: options)
        }
        let ranges = TransferPlan.ranges(bytes: bytes, minimum: 16 << 20)
        return try await multipart(key, options) { id throws(ObjectStoreError) in
            // The check runs as one more call: the first failure cancels the
            // rest.
            let calls = try await parallelCalls(
                ranges.count + 1, atOnce: TransferPlan.atOnce + 1
            ) { index throws(ObjectStoreError) -> UploadedPart? in
                guard index > 0 else {
                    guard await isGood() else { throw Self.withdrawn(key) }
                    return nil
                }
                let range = ranges[index - 1]
                return try await uploadPart(
                    .file(path: path, offset: range.lowerBound, bytes: range.count),
                    number: index, of: key, uploadID: id)
            }
            return calls.compactMap { $0 }
        }
    }

    private static func withdrawn(_ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .cancelled, operation: "PutObject", key: key.text,
            detail: "The file failed its check during the upload")
    }

    /// Copies an object of any size, part by part above 5 GiB.
    /// - Parameter singleCopyBytes: Maximum size of a single copy in bytes; nil
    ///   for S3's limit.
    @discardableResult
    package func copy(
        _ source: ObjectKey, to key: ObjectKey, singleCopyBytes: Int? = nil,
        partBytes: Int = 512 << 20
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let info = try await headObject(source)
        guard info.bytes > singleCopyBytes ?? TransferPlan.singleCopyBytes else {
            return try await copyObject(source, to: key, ifMatch: info.etag)
        }
        let ranges = TransferPlan.ranges(bytes: info.bytes, minimum: partBytes)
        let options = PutOptions(contentType: info.contentType ?? "application/octet-stream")
        return try await multipart(key, options) { id throws(ObjectStoreError) in
            try await parallelCalls(ranges.count, atOnce: TransferPlan.atOnce) {
                index throws(ObjectStoreError) in
                try await copyPart(
                    source, range: ranges[index], ifMatch: info.etag, number: index + 1, of: key,
                    uploadID: id)
            }
        }
    }

    /// Runs a multipart upload to completion, or aborts it.
    private func multipart(
        _ key: ObjectKey, _ options: PutOptions,
        _ parts: (_ uploadID: String) async throws(ObjectStoreError) -> [UploadedPart]
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let id = try await createMultipartUpload(key, options: options)
        do {
            return try await completeMultipartUpload(
                key, uploadID: id, parts: try await parts(id), condition: nil)
        } catch {
            // A separate task, awaited here: a cancelled task could not send the
            // abort request.
            await Task { try? await abortMultipartUpload(key, uploadID: id) }.value
            throw error
        }
    }
}
