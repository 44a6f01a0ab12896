import Crypto
package import HTTPTransport
import Signing
import WallClock
import XMLTree

/// A bucket of an S3-compatible store: S3, R2, SeaweedFS, Garage, Ceph, or the
/// emulator.
package struct S3Bucket: Bucket {
    let exchange: S3Exchange
    let configuration: S3Configuration

    /// Creates a client of one bucket.
    /// - Parameter clock: Clock, sleep and random source; tests pass a double.
    package init(
        _ configuration: S3Configuration, client: any HTTPClient, clock: S3Clock,
        retry: RetryPolicy = RetryPolicy()
    ) {
        self.configuration = configuration
        exchange = S3Exchange(configuration, client: client, retry: retry, clock: clock)
    }

    /// Reads an object or a range of it (GetObject).
    package func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
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
        call.sink = .memory(bytesMax: bytesMax)
        // A store reports the checksum of a whole object only.
        if range == nil, !checksumMode.isEmpty {
            call.headers += checksumMode
            call.accepts = { ObjectChecksum($0)?.holds(for: $0.body) ?? true }
        }
        let response = try await exchange.perform(call)
        var info = try info(key, response, operation: call.operation)
        info.bytes = response.contentRangeTotal ?? response.bodyBytes
        return StoredObject(info: info, body: response.body)
    }

    /// Reads an object's metadata (HeadObject).
    package func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        let call = S3Call(operation: "HeadObject", method: "HEAD", key: key.text)
        let response = try await exchange.perform(call)
        return try info(key, response, operation: call.operation)
    }

    /// Writes an object (PutObject).
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
            // An earlier attempt with a lost response may have written the object.
            guard error.attempts > 1, let stored = await stored(key, being: body) else {
                throw error
            }
            return stored
        }
    }

    /// Returns the object at the key if it matches the body; nil otherwise.
    private func stored(_ key: ObjectKey, being body: ObjectBody) async -> ObjectInfo? {
        switch body {
        case .bytes(let bytes):
            let object = try? await getObject(
                key, range: nil, ifMatch: nil, bytesMax: bytes.count)
            return object?.body == bytes ? object?.info : nil
        case .file:
            // The file is not downloaded: the ETag is the MD5 except with some encryption.
            guard let info = try? await headObject(key), info.bytes == body.count,
                await body.md5Hex() == info.etag
            else { return nil }
            return info
        }
    }

    /// Deletes an object; a missing object is not an error (DeleteObject).
    package func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        let call = S3Call(operation: "DeleteObject", method: "DELETE", key: key.text)
        do {
            _ = try await exchange.perform(call)
        } catch let error where error.code == .notFound {
            return
        }
    }

    /// Lists one page of objects (ListObjectsV2).
    package func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        var call = S3Call(operation: "ListObjectsV2", method: "GET", key: "")
        call.isOnBucket = true
        call.query = [
            ("list-type", "2"), ("prefix", prefix), ("max-keys", "\(keyCountMax)"),
            ("encoding-type", "url"),
        ]
        if let startAfter { call.query.append(("start-after", startAfter)) }
        let response = try await exchange.perform(call)
        return try S3Documents.listPage(response.body, operation: call.operation)
    }

    /// Deletes several objects in one call (DeleteObjects).
    package func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        let operation = "DeleteObjects"
        if let bad = keys.first(where: { !$0.isValid }) {
            throw S3Exchange.badKey(operation, bad.text)
        }
        var refused: [ObjectKey: ObjectStoreError] = [:]
        for key in keys where !key.fitsXML { try await deleteObject(key) }
        let listed = keys.filter(\.fitsXML)
        // S3's limit for one call.
        for start in stride(from: 0, to: listed.count, by: 1_000) {
            let body = S3Documents.deletion(listed[start..<min(start + 1_000, listed.count)])
            var call = S3Call(operation: operation, method: "POST", key: "")
            call.isOnBucket = true
            call.query = [("delete", "")]
            // DeleteObjects requires a digest; every store accepts Content-MD5.
            call.headers = [
                ("content-md5", S3Documents.base64(md5(body))), ("content-type", "application/xml"),
            ]
            call.body = .bytes(body)
            let response = try await exchange.perform(call)
            let document = try S3Documents.parse(response.body, operation: operation, key: "")
            for (key, error) in try S3Documents.deletionErrors(document, operation: operation)
            where error.code != .notFound {
                refused[key] = error
            }
        }
        return refused
    }

    /// Copies an object inside the bucket (CopyObject).
    @discardableResult
    package func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var call = S3Call(operation: "CopyObject", method: "PUT", key: key.text)
        call.headers = copySource(source, ifMatch: ifMatch)
        call.isSlow = true
        let response = try await exchange.perform(call)
        let document = try S3Documents.parse(
            response.body, operation: call.operation, key: key.text)
        guard document.text(of: "ETag") != nil else {
            throw S3Documents.malformed(call.operation, key.text)
        }
        return try await headObject(key)
    }

    // MARK: Parts of calls

    /// The headers that request the object's checksum; empty if responses are not checked.
    var checksumMode: [(name: String, value: String)] {
        configuration.responseChecksums == .whenSupported
            ? [("x-amz-checksum-mode", "ENABLED")] : []
    }

    func copySource(_ source: ObjectKey, ifMatch: String?) -> [(name: String, value: String)] {
        let path = "/\(configuration.bucket)/\(source.text)"
        let headers = [(name: "x-amz-copy-source", value: uriEncode(path, keepingSlash: true))]
        return headers
            + (ifMatch.map { [(name: "x-amz-copy-source-if-match", value: "\"\($0)\"")] } ?? [])
    }

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
                detail: "The response has no ETag")
        }
        let modified = response["Last-Modified"].flatMap { UnixTime(http: $0) }
        return ObjectInfo(
            key: key, etag: S3Documents.bare(etag),
            bytes: response["Content-Length"].flatMap { Int($0) } ?? response.bodyBytes,
            lastModified: modified ?? UnixTime(seconds: 0), contentType: response["Content-Type"])
    }

    private func written(
        _ key: ObjectKey, _ response: HTTPResponse, _ bytes: Int, operation: String
    ) throws(ObjectStoreError) -> ObjectInfo {
        var info = try info(key, response, operation: operation)
        info.bytes = bytes
        info.contentType = nil
        let date = response["Date"].flatMap { UnixTime(http: $0) }
        info.lastModified = date ?? exchange.clock.now().wholeSecond
        return info
    }
}
