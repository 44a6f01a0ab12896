import HTTPTransport
import WallClock
import XMLTree

extension S3Bucket {
    /// Starts a multipart upload (CreateMultipartUpload).
    package func createMultipartUpload(
        _ key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> String {
        var call = S3Call(operation: "CreateMultipartUpload", method: "POST", key: key.text)
        call.query = [("uploads", "")]
        call.headers = headers(
            PutOptions(
                contentType: options.contentType,
                contentDisposition: options.contentDisposition))
        if options.checksParts, configuration.requestChecksums == .whenSupported {
            call.headers += UploadChecksum.ofParts
        }
        let response = try await exchange.perform(call)
        let document = try S3Documents.parse(
            response.body, operation: call.operation, key: key.text)
        guard let id = document.text(of: "UploadId"), !id.isEmpty else {
            throw S3Documents.malformed(call.operation, key.text)
        }
        return id
    }

    /// Uploads one part (UploadPart).
    package func uploadPart(
        _ body: ObjectBody, number: Int, of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        var call = S3Call(operation: "UploadPart", method: "PUT", key: key.text)
        call.query = [("partNumber", "\(number)"), ("uploadId", uploadID)]
        call.body = body.forTransport
        let response = try await exchange.perform(call)
        guard let etag = response["ETag"] else {
            throw S3Documents.malformed(call.operation, key.text)
        }
        return UploadedPart(
            number: number, etag: S3Documents.bare(etag), bytes: body.count,
            checksum: response[UploadChecksum.headerName])
    }

    /// Copies a range of an object as one part (UploadPartCopy).
    package func copyPart(
        _ source: ObjectKey, range: Range<Int>, ifMatch: String?, number: Int, of key: ObjectKey,
        uploadID: String
    ) async throws(ObjectStoreError) -> UploadedPart {
        var call = S3Call(operation: "UploadPartCopy", method: "PUT", key: key.text)
        call.query = [("partNumber", "\(number)"), ("uploadId", uploadID)]
        call.headers = copySource(source, ifMatch: ifMatch)
        call.headers.append(
            ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        call.isSlow = true
        let response = try await exchange.perform(call)
        let document = try S3Documents.parse(
            response.body, operation: call.operation, key: key.text)
        guard let etag = document.text(of: "ETag") else {
            throw S3Documents.malformed(call.operation, key.text)
        }
        return UploadedPart(
            number: number, etag: S3Documents.bare(etag), bytes: range.count,
            checksum: document.text(of: "ChecksumCRC64NVME"))
    }

    /// Lists the parts that the store holds (ListParts).
    package func listParts(
        of key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var marker: String?
        repeat {
            var call = S3Call(operation: "ListParts", method: "GET", key: key.text)
            call.query = [("uploadId", uploadID)]
            if let marker { call.query.append(("part-number-marker", marker)) }
            let response = try await exchange.perform(call)
            let document = try S3Documents.parse(
                response.body, operation: call.operation, key: key.text)
            parts += try S3Documents.parts(document, operation: call.operation, key: key.text)
            let isTruncated = document.text(of: "IsTruncated") == "true"
            marker = isTruncated ? document.text(of: "NextPartNumberMarker") : nil
        } while marker != nil
        return parts
    }

    /// Joins the parts into an object (CompleteMultipartUpload).
    package func completeMultipartUpload(
        _ key: ObjectKey, uploadID: String, parts: [UploadedPart], condition: WriteCondition?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var call = S3Call(operation: "CompleteMultipartUpload", method: "POST", key: key.text)
        call.query = [("uploadId", uploadID)]
        call.headers = conditionHeaders(condition) + [("content-type", "application/xml")]
        if configuration.requestChecksums == .whenSupported,
            let checksum = UploadChecksum.joined(parts)
        {
            call.headers += [
                (UploadChecksum.headerName, checksum), ("x-amz-checksum-type", "FULL_OBJECT"),
            ]
        }
        call.body = .bytes(S3Documents.completion(parts))
        call.isSlow = true
        let response: HTTPResponse
        do {
            response = try await exchange.perform(call)
        } catch {
            guard let stored = await completed(key, parts, error) else { throw error }
            return stored
        }
        let document = try S3Documents.parse(
            response.body, operation: call.operation, key: key.text)
        guard let etag = document.text(of: "ETag").map(S3Documents.bare) else {
            throw S3Documents.malformed(call.operation, key.text)
        }
        if let stored = try? await headObject(key), stored.etag == etag { return stored }
        return ObjectInfo(
            key: key, etag: etag, bytes: parts.reduce(0) { $0 + $1.bytes },
            lastModified: exchange.clock.now().wholeSecond)
    }

    /// Returns the object at the key if an earlier attempt with a lost response
    /// completed it. The retry then fails because the upload is gone, or because
    /// the new object violates the condition.
    private func completed(
        _ key: ObjectKey, _ parts: [UploadedPart], _ error: ObjectStoreError
    ) async -> ObjectInfo? {
        guard error.attempts > 1, error.code == .notFound || error.code == .preconditionFailed,
            let stored = try? await headObject(key)
        else { return nil }
        if stored.etag == S3Documents.etag(of: parts) { return stored }
        // With some kinds of encryption ETags are not MD5, so only the part count is compared.
        let isLikely = error.code == .notFound && stored.etag.hasSuffix("-\(parts.count)")
        return isLikely ? stored : nil
    }

    /// Ends an upload and deletes its parts (AbortMultipartUpload).
    package func abortMultipartUpload(
        _ key: ObjectKey, uploadID: String
    ) async throws(ObjectStoreError) {
        var call = S3Call(operation: "AbortMultipartUpload", method: "DELETE", key: key.text)
        call.query = [("uploadId", uploadID)]
        do {
            _ = try await exchange.perform(call)
        } catch let error where error.code == .notFound {
            return
        }
    }
}
