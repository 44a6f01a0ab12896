import Glibc

/// How large objects are cut for the way: pieces side by side.
enum TransferPlan {
    /// A file of at most this many bytes goes in one PUT.
    static let singlePutBytes = 64 << 20
    /// The most that S3 takes in one copy.
    static let singleCopyBytes = 5 << 30
    /// Pieces that are on their way at once.
    static let atOnce = 8
    /// S3's limit.
    static let maximumParts = 10_000

    /// Equally long but for the last, as R2 wants; growing from `least` so that
    /// 10,000 are enough.
    static func ranges(bytes: Int, least: Int) -> [Range<Int>] {
        let length = max(least, (bytes + maximumParts - 1) / maximumParts)
        return stride(from: 0, to: bytes, by: length).map { $0..<min($0 + length, bytes) }
    }
}

extension Bucket {
    /// Stores a local file, in parts when it is large. Nothing is left behind
    /// by one that fails.
    package func uploadFile(
        _ path: String, to key: ObjectKey, contentType: String
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
            return try await putObject(
                .file(path: path, offset: 0, bytes: bytes), at: key, options: options)
        }
        let ranges = TransferPlan.ranges(bytes: bytes, least: 16 << 20)
        return try await multipart(key, options) { id throws(ObjectStoreError) in
            try await parallelCalls(ranges.count, atOnce: TransferPlan.atOnce) {
                index throws(ObjectStoreError) in
                let range = ranges[index]
                return try await uploadPart(
                    .file(path: path, offset: range.lowerBound, bytes: range.count),
                    number: index + 1, of: key, uploadID: id)
            }
        }
    }

    /// Copies an object of any size: beyond 5 GiB part by part.
    /// - Parameter singleCopyBytes: The most that goes in one copy.
    @discardableResult
    package func copy(
        _ source: ObjectKey, to key: ObjectKey, singleCopyBytes: Int? = nil,
        partBytes: Int = 512 << 20
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let info = try await headObject(source)
        guard info.bytes > singleCopyBytes ?? TransferPlan.singleCopyBytes else {
            return try await copyObject(source, to: key, ifMatch: info.etag)
        }
        let ranges = TransferPlan.ranges(bytes: info.bytes, least: partBytes)
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

    /// A multipart upload that is complete or gone.
    private func multipart(
        _ key: ObjectKey, _ options: PutOptions,
        _ parts: (_ uploadID: String) async throws(ObjectStoreError) -> [UploadedPart]
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let id = try await createMultipartUpload(key, options: options)
        do {
            return try await completeMultipartUpload(
                key, uploadID: id, parts: try await parts(id), condition: nil)
        } catch {
            // In a task of its own, awaited here: a cancelled task could not
            // send the request that cleans up after it.
            await Task { try? await abortMultipartUpload(key, uploadID: id) }.value
            throw error
        }
    }
}
