package import ObjectStore

extension InMemoryBucket {
    package func presignedURL(
        _ request: PresignedRequest, expiresInSeconds: Int, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        guard (1...604_800).contains(expiresInSeconds) else {
            throw ObjectStoreError(.invalidRequest, operation: "Presign", key: "")
        }
        try check(request.key, "Presign")
        let host = audience == .client ? "client" : "internal"
        switch request {
        case .get(let key, _): return "memory://\(host)/get/\(key)"
        case .head(let key): return "memory://\(host)/head/\(key)"
        case .put(let key, let type, let length):
            return "memory://\(host)/put/\(key)?type=\(type)&length=\(length ?? -1)"
        case .uploadPart(let key, let id, let number):
            return "memory://\(host)/part/\(key)?upload=\(id)&number=\(number)"
        }
    }

    package func presignedPost(
        _ upload: PostUpload, expiresInSeconds: Int
    ) async throws(ObjectStoreError) -> PresignedPost {
        guard (1...604_800).contains(expiresInSeconds) else {
            throw ObjectStoreError(.invalidRequest, operation: "Presign", key: "")
        }
        try check(upload.key, "Presign")
        let bytes = "\(upload.bytes.lowerBound)-\(upload.bytes.upperBound)"
        return PresignedPost(
            url: "memory://client/",
            fields: [
                "key": upload.key.text, "Content-Type": upload.contentType, "policy": bytes,
            ])
    }
}
