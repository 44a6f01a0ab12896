import ObjectStore

/// A bucket whose calls wait for the scheduler of a `Simulation`, fail, or are the last of their
/// invocation. Calls outside of one pass.
struct GatedBucket: Bucket {
    let wrapped: any Bucket
    let world: Simulation

    private func call<Result: Sendable>(
        _ operation: String, _ key: ObjectKey,
        _ body: () async throws(ObjectStoreError) -> Result
    ) async throws(ObjectStoreError) -> Result {
        guard let invocation = Invocation.current else { return try await body() }
        let verdict = await world.park(.store, of: invocation)
        func failure(_ code: ObjectStoreError.Code) -> ObjectStoreError {
            ObjectStoreError(code, operation: operation, key: key.text, detail: "simulated")
        }
        switch verdict {
        case .proceed where !Task.isCancelled:
            let result = try await body()
            world.performed(operation, key, by: invocation)
            return result
        case .loseAnswer, .dieAfter:
            _ = try await body()
            world.performed(operation, key, by: invocation)
            throw failure(.unavailable)
        case .fail: throw failure(.unavailable)
        case .proceed, .die: throw failure(.cancelled)
        }
    }

    func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        try await call("GetObject", key) { () async throws(ObjectStoreError) in
            try await wrapped.getObject(key, range: range, ifMatch: ifMatch, bytesMax: bytesMax)
        }
    }

    @discardableResult
    func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("PutObject", key) { () async throws(ObjectStoreError) in
            try await wrapped.putObject(body, at: key, options: options)
        }
    }

    func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        try await call("HeadObject", key) { () async throws(ObjectStoreError) in
            try await wrapped.headObject(key)
        }
    }

    func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        try await call("DeleteObject", key) { () async throws(ObjectStoreError) in
            try await wrapped.deleteObject(key)
        }
    }

    func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        try await call("ListObjectsV2", ObjectKey(prefix)) { () async throws(ObjectStoreError) in
            try await wrapped.listObjects(
                prefix: prefix, startAfter: startAfter, keyCountMax: keyCountMax)
        }
    }

    // Calls that exports of small files do not make.

    func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await wrapped.downloadObject(key, ifMatch: ifMatch, toFile: path)
    }

    @discardableResult
    func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await wrapped.copyObject(source, to: key, ifMatch: ifMatch)
    }

    func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        try await wrapped.deleteObjects(keys)
    }

    func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        try await wrapped.createMultipartUpload(key, options: options)
    }

    func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try await wrapped.uploadPart(body, number: number, of: key, uploadID: uploadID)
    }

    func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        try await wrapped.copyPart(
            source, range: range, ifMatch: ifMatch, number: number, of: key, uploadID: uploadID)
    }

    func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        try await wrapped.listParts(of: key, uploadID: uploadID)
    }

    func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        try await wrapped.completeMultipartUpload(
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
        try await wrapped.presignedURL(request, expiresIn: expiresIn, audience: audience)
    }

    func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        try await wrapped.presignedPost(upload, expiresIn: expiresIn)
    }
}
