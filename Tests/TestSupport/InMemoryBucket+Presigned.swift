package import ObjectStore

extension InMemoryBucket {
    package func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        guard (.seconds(1) ... .seconds(604_800)).contains(expiresIn) else {
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
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        guard (.seconds(1) ... .seconds(604_800)).contains(expiresIn) else {
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
