import Crypto
package import ObjectStore
import Synchronization

extension InMemoryBucket {
    /// Minimum size in bytes of every part except the last (S3's limit).
    private static let partBytesMin = 5 << 20

    package func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        try check(key, "CreateMultipartUpload")
        return state.withLock { state in
            state.lastUpload += 1
            let id = "upload-\(state.lastUpload)"
            state.uploads[id] = Upload(key: key, contentType: options.contentType)
            return id
        }
    }

    package func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try storePart(try bytes(of: body, key), number, key, uploadID)
    }

    package func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        let body = try entry(source, "UploadPartCopy", ifMatch: ifMatch).body
        guard range.upperBound <= body.count, !range.isEmpty else {
            throw ObjectStoreError(
                .invalidRequest, operation: "UploadPartCopy", key: key.text,
                serviceCode: "InvalidArgument")
        }
        return try storePart(Array(body[range]), number, key, uploadID)
    }

    private func storePart(
        _ bytes: [UInt8], _ number: Int, _ key: ObjectKey, _ uploadID: String
    ) throws(ObjectStoreError) -> UploadedPart {
        guard (1...10_000).contains(number) else {
            throw ObjectStoreError(
                .invalidRequest, operation: "UploadPart", key: key.text,
                serviceCode: "InvalidArgument")
        }
        let etag = hex(md5(bytes))
        let isKnown = state.withLock { state in
            guard state.uploads[uploadID]?.key == key else { return false }
            state.uploads[uploadID]?.parts[number] = (bytes, etag)
            return true
        }
        guard isKnown else { throw unknownUpload("UploadPart", key) }
        return UploadedPart(number: number, etag: etag, bytes: bytes.count)
    }

    package func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        guard let upload = state.withLock({ $0.uploads[uploadID] }), upload.key == key else {
            throw unknownUpload("ListParts", key)
        }
        return upload.parts.sorted { $0.key < $1.key }.map {
            UploadedPart(number: $0.key, etag: $0.value.etag, bytes: $0.value.body.count)
        }
    }

    package func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let operation = "CompleteMultipartUpload"
        if let etag = state.withLock({ $0.finished[uploadID] }),
            let stored = try? await headObject(key), stored.etag == etag
        {
            return stored
        }
        guard let upload = state.withLock({ $0.uploads[uploadID] }), upload.key == key else {
            throw unknownUpload(operation, key)
        }
        func invalid(_ code: String) -> ObjectStoreError {
            ObjectStoreError(
                .invalidRequest, operation: operation, key: key.text, serviceCode: code)
        }
        guard !parts.isEmpty else { throw invalid("MalformedXML") }
        guard zip(parts, parts.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw invalid("InvalidPartOrder")
        }
        var body: [UInt8] = []
        var digests: [UInt8] = []
        for (index, part) in parts.enumerated() {
            guard let stored = upload.parts[part.number], stored.etag == part.etag else {
                throw invalid("InvalidPart")
            }
            guard index == parts.count - 1 || stored.body.count >= Self.partBytesMin else {
                throw invalid("EntityTooSmall")
            }
            body += stored.body
            digests += md5(stored.body)
        }
        let entry = Entry(
            body: body, etag: "\(hex(md5(digests)))-\(parts.count)",
            contentType: upload.contentType, modified: time())
        try store(entry, at: key, condition: condition, operation: operation)
        state.withLock {
            $0.uploads[uploadID] = nil
            $0.finished[uploadID] = entry.etag
        }
        return info(key, entry)
    }

    package func abortMultipartUpload(
        _ key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) {
        _ = state.withLock { $0.uploads.removeValue(forKey: uploadID) }
    }

    private func unknownUpload(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .notFound, operation: operation, key: key.text, serviceCode: "NoSuchUpload")
    }
}
