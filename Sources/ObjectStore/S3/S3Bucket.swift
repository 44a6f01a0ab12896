import AWSSignature
package import HTTPTransport
import XMLTree

/// A bucket of an S3-compatible store: S3, R2, SeaweedFS, Garage, Ceph, or the
/// emulator.
package struct S3Bucket: Bucket {
    let exchange: S3Exchange
    let configuration: S3Configuration

    /// - Parameter clock: Time and chance; tests give their own.
    package init(
        _ configuration: S3Configuration, client: any HTTPClient, clock: S3Clock,
        retry: RetryPolicy = RetryPolicy()
    ) {
        self.configuration = configuration
        exchange = S3Exchange(
            configuration: configuration, client: client, retry: retry, clock: clock,
            skew: ClockSkew())
    }

    package func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, maximumBytes: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        var call = S3Call(operation: "GetObject", method: "GET", key: key.text)
        if let range {
            guard !range.isEmpty else {
                throw ObjectStoreError(
                    .invalidRange, operation: call.operation, key: key.text,
                    detail: "The range is empty")
            }
            call.headers.append(("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        if let ifMatch { call.headers.append(("if-match", "\"\(ifMatch)\"")) }
        call.sink = .memory(maximumBytes: maximumBytes)
        let response = try await exchange.perform(call)
        var info = try info(key, response, operation: call.operation)
        info.bytes = response.contentRangeTotal ?? response.bodyBytes
        return StoredObject(info: info, body: response.body)
    }

    package func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        let call = S3Call(operation: "HeadObject", method: "HEAD", key: key.text)
        let response = try await exchange.perform(call)
        return try info(key, response, operation: call.operation)
    }

    @discardableResult
    package func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var call = S3Call(operation: "PutObject", method: "PUT", key: key.text)
        call.headers = headers(options)
        call.body = body.forTransport
        do {
            let response = try await exchange.perform(call)
            return try written(key, response, body.count, operation: call.operation)
        } catch let error where error.code == .preconditionFailed {
            // An earlier attempt whose answer was lost may be what stands in
            // the way: then what is there is what we sent.
            if error.attempts > 1, case .bytes(let bytes) = body,
                let standing = try? await getObject(
                    key, range: nil, ifMatch: nil, maximumBytes: bytes.count),
                standing.body == bytes
            {
                return standing.info
            }
            throw error
        }
    }

    package func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        let call = S3Call(operation: "DeleteObject", method: "DELETE", key: key.text)
        do {
            _ = try await exchange.perform(call)
        } catch let error where error.code == .notFound {
            return
        }
    }

    package func listObjects(
        prefix: String, startAfter: String?, maximumKeys: Int
    ) async throws(ObjectStoreError) -> ListPage {
        var call = S3Call(operation: "ListObjectsV2", method: "GET", key: "")
        call.query = [
            ("list-type", "2"), ("prefix", prefix), ("max-keys", "\(maximumKeys)"),
            ("encoding-type", "url"),
        ]
        if let startAfter { call.query.append(("start-after", startAfter)) }
        let response = try await exchange.perform(call)
        return try S3Documents.listPage(response.body, operation: call.operation)
    }

    package func presignedURL(
        _ request: PresignedRequest, expiresInSeconds: Int, audience: URLAudience
    ) throws(ObjectStoreError) -> String {
        guard (1...604_800).contains(expiresInSeconds) else {
            throw ObjectStoreError(
                .invalidRequest, operation: "Presign", key: request.key.text,
                detail: "A presigned URL lives for 1 to 604,800 seconds")
        }
        guard request.key.isValid else { throw S3Exchange.badKey("Presign", request.key.text) }
        let endpoint =
            audience == .client ? configuration.clientEndpoint : configuration.endpoint
        let path = endpoint.path(bucket: configuration.bucket, key: request.key.text)
        let timestamp = SigV4Time.timestamp(
            seconds: exchange.clock.seconds() + exchange.skew.seconds)
        let canonical = SigV4.CanonicalRequest(
            method: request.method, path: path, query: request.query,
            headers: [("host", endpoint.authority)] + request.headers, payloadHash: "")
        let query = SigV4.presignedQuery(
            canonical, timestamp: timestamp,
            scope: SigV4.Scope(date: String(timestamp.prefix(8)), region: configuration.region),
            credentials: configuration.credentials, expiresInSeconds: expiresInSeconds)
        let text = query.map { "\(uriEncode($0.name))=\(uriEncode($0.value))" }
        return "\(endpoint.scheme)://\(endpoint.authority)\(path)?" + text.joined(separator: "&")
    }

    // MARK: Parts of calls

    func headers(_ options: PutOptions) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [("content-type", options.contentType)]
        if let disposition = options.contentDisposition {
            headers.append(("content-disposition", disposition))
        }
        return headers + conditionHeaders(options.condition)
    }

    func conditionHeaders(_ condition: WriteCondition?) -> [(name: String, value: String)] {
        switch condition {
        case nil: []
        case .ifAbsent: [("if-none-match", "*")]
        case .ifMatch(let etag): [("if-match", "\"\(etag)\"")]
        }
    }

    func info(
        _ key: ObjectKey, _ response: HTTPResponse, operation: String
    ) throws(ObjectStoreError) -> ObjectInfo {
        guard let etag = response["ETag"] else {
            throw ObjectStoreError(
                .invalidResponse, operation: operation, key: key.text,
                detail: "The answer has no ETag")
        }
        let modified = response["Last-Modified"].flatMap(HTTPDate.seconds) ?? 0
        return ObjectInfo(
            key: key, etag: S3Documents.bare(etag),
            bytes: response["Content-Length"].flatMap { Int($0) } ?? response.bodyBytes,
            lastModifiedMilliseconds: modified * 1_000, contentType: response["Content-Type"])
    }

    private func written(
        _ key: ObjectKey, _ response: HTTPResponse, _ bytes: Int, operation: String
    ) throws(ObjectStoreError) -> ObjectInfo {
        var info = try info(key, response, operation: operation)
        info.bytes = bytes
        info.contentType = nil
        let date = response["Date"].flatMap(HTTPDate.seconds)
        info.lastModifiedMilliseconds = (date ?? exchange.clock.seconds()) * 1_000
        return info
    }
}
