import AWSSignature
import Glibc
import HTTPTransport

extension S3Bucket {
    package func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        // Written beside its place and renamed: a file is whole or not there.
        let partial = "\(path).\(hex(randomBytes(count: 4))).partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw localFile("GetObject", key) }
        defer { close(descriptor) }
        do throws(ObjectStoreError) {
            var call = S3Call(operation: "GetObject", method: "GET", key: key.text)
            if let ifMatch { call.headers.append(("if-match", "\"\(ifMatch)\"")) }
            call.sink = .descriptor(descriptor)
            // The answer that broke may have left bytes.
            call.rewind = { ftruncate(descriptor, 0) == 0 && lseek(descriptor, 0, SEEK_SET) == 0 }
            let response = try await exchange.perform(call)
            let info = try info(key, response, operation: call.operation)
            guard rename(partial, path) == 0 else { throw localFile("GetObject", key) }
            return info
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func localFile(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .localFile, operation: operation, key: key.text,
            detail: String(cString: strerror(errno)))
    }
}

extension Bucket {
    /// A file of at most this many bytes goes in one PUT.
    package static var singlePutBytes: Int { 64 << 20 }
    /// Parts that are sent at once.
    static var parallelParts: Int { 4 }

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
        let options = PutOptions(contentType: contentType)
        let bytes = Int(status.st_size)
        guard bytes > Self.singlePutBytes else {
            return try await putObject(
                .file(path: path, offset: 0, bytes: bytes), at: key, options: options)
        }
        let uploadID = try await createMultipartUpload(key, options: options)
        do {
            let parts = try await uploadParts(path, bytes, key, uploadID)
            return try await completeMultipartUpload(
                key, uploadID: uploadID, parts: parts, condition: nil)
        } catch {
            // In a task of its own, awaited here: a cancelled task could not
            // send the request that cleans up after it.
            await Task { try? await abortMultipartUpload(key, uploadID: uploadID) }.value
            throw error
        }
    }

    private func uploadParts(
        _ path: String, _ bytes: Int, _ key: ObjectKey, _ uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        // 16 MiB, growing so that S3's 10,000 parts are enough; all but the
        // last equally long, as R2 wants.
        let partBytes = max(16 << 20, (bytes + 9_999) / 10_000)
        let count = (bytes + partBytes - 1) / partBytes
        let results = await withTaskGroup(
            of: Result<UploadedPart, ObjectStoreError>.self
        ) { group in
            var results: [Result<UploadedPart, ObjectStoreError>] = []
            for index in 0..<count {
                if index >= Self.parallelParts, let result = await group.next() {
                    results.append(result)
                    if case .failure = result {
                        group.cancelAll()
                        break
                    }
                }
                let offset = index * partBytes
                let length = min(partBytes, bytes - offset)
                group.addTask {
                    await self.uploadedPart(
                        .file(path: path, offset: offset, bytes: length), index + 1, key, uploadID)
                }
            }
            for await result in group { results.append(result) }
            return results
        }
        var parts: [UploadedPart] = []
        for result in results { parts.append(try result.get()) }
        return parts.sorted { $0.number < $1.number }
    }

    private func uploadedPart(
        _ body: ObjectBody, _ number: Int, _ key: ObjectKey, _ uploadID: String
    ) async -> Result<UploadedPart, ObjectStoreError> {
        do {
            let etag = try await uploadPart(body, number: number, of: key, uploadID: uploadID)
            return .success(UploadedPart(number: number, etag: etag, bytes: body.count))
        } catch {
            return .failure(error)
        }
    }
}
