import FoundationEssentials
import Signing
import WallClock

extension S3Bucket {
    /// Signs a URL that allows one call without credentials.
    package func presignedURL(
        _ request: PresignedRequest, expiresIn: Duration, audience: URLAudience
    ) async throws(ObjectStoreError) -> String {
        try checkPresigned(request.key, expiresIn)
        if audience == .client, case .get(let key, let name) = request, let cdn = configuration.cdn
        {
            return cdn.url(
                of: key, downloadName: name, expiresAt: exchange.storeTime + expiresIn)
        }
        let place = exchange.current
        let endpoint = audience == .client ? place.clientEndpoint : place.endpoint
        let path = endpoint.path(bucket: place.bucket, key: request.key.text)
        let timestamp = exchange.storeTime.basic
        let canonical = SigV4.CanonicalRequest(
            method: request.method, path: path, query: request.query,
            headers: [("host", endpoint.authority)] + request.headers, payloadHash: "")
        let query = SigV4.presignedQuery(
            canonical, timestamp: timestamp,
            scope: SigV4.Scope(date: String(timestamp.prefix(8)), region: place.region),
            credentials: try await exchange.credentials.current(),
            expiresIn: expiresIn)
        let text = query.map { "\(uriEncode($0.name))=\(uriEncode($0.value))" }
        return "\(endpoint.scheme)://\(endpoint.authority)\(path)?" + text.joined(separator: "&")
    }

    /// Signs a POST form.
    ///
    /// Source: S3 API Reference, "Authenticating Requests: Browser-Based Uploads Using POST".
    package func presignedPost(
        _ upload: PostUpload, expiresIn: Duration
    ) async throws(ObjectStoreError) -> PresignedPost {
        try checkPresigned(upload.key, expiresIn)
        guard configuration.hasPostForms else {
            throw ObjectStoreError(
                .invalidRequest, operation: "PostObject", key: upload.key.text,
                serviceCode: "NotImplemented", detail: "The store does not support POST forms")
        }
        let place = exchange.current
        let credentials = try await exchange.credentials.current()
        let time = exchange.storeTime
        let timestamp = time.basic
        let scope = SigV4.Scope(date: String(timestamp.prefix(8)), region: place.region)
        var fields = [
            "key": upload.key.text, "Content-Type": upload.contentType,
            "x-amz-algorithm": SigV4.algorithm,
            "x-amz-credential": "\(credentials.accessKeyID)/\(scope.text)",
            "x-amz-date": timestamp,
        ]
        if let token = credentials.sessionToken { fields["x-amz-security-token"] = token }
        let policy = PostPolicyDocument(
            expiration: (time + expiresIn).rfc3339,
            conditions: [.equal("bucket", place.bucket), .length(upload.bytes)]
                + fields.sorted { $0.key < $1.key }.map { .equal($0.key, $0.value) })
        guard let bytes = try? JSONEncoder().encode(policy) else {
            throw ObjectStoreError(
                .invalidRequest, operation: "PostObject", key: upload.key.text,
                detail: "The policy cannot be encoded")
        }
        let text = bytes.base64EncodedString()
        fields["policy"] = text
        fields["x-amz-signature"] = SigV4.signature(
            text, key: SigV4.signingKey(secret: credentials.secretAccessKey, scope: scope))
        let endpoint = place.clientEndpoint
        let path = endpoint.path(bucket: place.bucket, key: "")
        return PresignedPost(
            url: "\(endpoint.scheme)://\(endpoint.authority)\(path)", fields: fields)
    }

    private func checkPresigned(_ key: ObjectKey, _ lifetime: Duration) throws(ObjectStoreError) {
        guard (.seconds(1) ... .seconds(604_800)).contains(lifetime) else {
            throw ObjectStoreError(
                .invalidRequest, operation: "Presign", key: key.text,
                detail: "A presigned URL must be valid for 1 to 604,800 seconds")
        }
        guard key.isValid else { throw S3Exchange.badKey("Presign", key.text) }
    }
}

/// The POST policy document in S3's form.
private struct PostPolicyDocument: Encodable {
    enum Condition: Encodable {
        case equal(String, String)
        /// The permitted file sizes in bytes.
        case length(ClosedRange<Int>)

        func encode(to encoder: any Encoder) throws {
            var list = encoder.unkeyedContainer()
            switch self {
            case .equal(let name, let value):
                try list.encode("eq")
                try list.encode("$" + name)
                try list.encode(value)
            case .length(let range):
                try list.encode("content-length-range")
                try list.encode(range.lowerBound)
                try list.encode(range.upperBound)
            }
        }
    }

    var expiration: String
    var conditions: [Condition]
}
