import Crypto
import EmulatorHTTP
import WallClock
import XMLTree

extension ObjectStoreServer {
    /// S3's limit for part numbers, and so for the parts of an upload.
    static let partNumberMax = 10_000

    func createUpload(_ request: S3Request) async throws -> Response {
        let headers = try ObjectHeaders.stored(from: request.headers)
            .merging(try MultipartChecksum.announced(by: request)) { $1 }
        let checksum = MultipartChecksum(headers)
        let (bucket, key, id) = (request.bucket ?? "", request.key ?? [], BlobFolder.newID())
        try await write(request) { try $0.createUpload(id, bucket, key, headers: headers) }
        var response = try document("InitiateMultipartUploadResult") { xml in
            xml.add("Bucket", bucket)
            xml.add("Key", request.keyText)
            xml.add("UploadId", id)
        }
        response.headers += checksum.isAnnounced ? checksum.headers : []
        return response
    }

    func uploadPart(_ request: S3Request, _ body: PendingRequest.Body) async throws -> Response {
        let number = try Self.partNumber(request)
        guard let file = body.file else {
            throw S3Error(.internalError, "The body of the part is not in a file.")
        }
        try await file.publish()
        try await commitPart(
            PartRecord(
                number: number, etag: body.result.md5, bytes: body.result.bytes, blob: file.id,
                modified: configuration.now(),
                checksums: body.result.checksums.merging(
                    [ChecksumAlgorithm.crc64nvme.headerName: body.result.crc64]) { $1 }), request)
        return Response(
            status: 200,
            headers: [("ETag", "\"\(body.result.md5)\"")]
                + body.result.checksums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    func uploadPartCopy(_ request: S3Request) async throws -> Response {
        let number = try Self.partNumber(request)
        let object = try await readSource(try CopySource(request))
        let range = request.header("x-amz-copy-source-range")
        let selection = try ByteSelection(range: range, size: object.bytes)
        if range != nil, !selection.isPartial {
            throw S3Error(.invalidArgument, "The x-amz-copy-source-range value must be bytes=a-b")
        }
        // S3 does not cut a range at the source's end, as a GET does.
        if let last = range?.split(separator: "-").last.flatMap({ Int($0) }), last >= object.bytes {
            throw S3Error(.invalidRange, "The requested range is not satisfiable")
        }
        let slice = selection.offset..<(selection.offset + selection.bytes)
        let source = try await read { try $0.source(object.place, slice) }
        let copy = try await blobs.assembleHashed(source)
        let now = configuration.now()
        let checksum = ChecksumAlgorithm.crc64nvme
        try await commitPart(
            PartRecord(
                number: number, etag: copy.md5, bytes: selection.bytes, blob: copy.id,
                modified: now, checksums: [checksum.headerName: copy.crc64]), request)
        return try document("CopyPartResult") { xml in
            xml.add("LastModified", now.rfc3339)
            xml.add("ETag", "\"\(copy.md5)\"")
            xml.add(checksum.elementName, copy.crc64)
        }
    }

    func listParts(_ request: S3Request) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        let maximum = try Listing.keyCountMax(request["max-parts"])
        let marker = request["part-number-marker"].flatMap { Int($0) } ?? 0
        let (checksum, parts) = try await read { index in
            let upload = try index.upload(id, bucket, key)
            let parts = try index.parts(id).filter { $0.number > marker }
            return (MultipartChecksum(upload.headers), parts)
        }
        let page = parts.prefix(maximum)
        return try document("ListPartsResult") { xml in
            xml.add("Bucket", bucket)
            xml.add("Key", request.keyText)
            xml.add("UploadId", id)
            xml.add("Initiator") { $0.addOwner() }
            xml.add("Owner") { $0.addOwner() }
            xml.add("StorageClass", "STANDARD")
            xml.add("PartNumberMarker", marker)
            xml.add("NextPartNumberMarker", page.last?.number ?? 0)
            xml.add("MaxParts", maximum)
            xml.add("IsTruncated", page.count < parts.count ? "true" : "false")
            for part in page {
                xml.add("Part") { xml in
                    xml.add("PartNumber", part.number)
                    xml.add("LastModified", part.modified.rfc3339)
                    xml.add("ETag", "\"\(part.etag)\"")
                    xml.add("Size", part.bytes)
                    if checksum.isAnnounced, let value = part.checksums[checksum.headerName] {
                        xml.add(checksum.algorithm.elementName, value)
                    }
                }
            }
            if checksum.isAnnounced { checksum.describe(in: &xml) }
        }
    }

    func listUploads(_ request: S3Request) async throws -> Response {
        let bucket = request.bucket ?? ""
        let prefix = request["prefix"] ?? ""
        let maximum = try Listing.keyCountMax(request["max-uploads"])
        let after = (
            key: Array((request["key-marker"] ?? "").utf8), id: request["upload-id-marker"]
        )
        let all = try await read { index in
            try index.uploads(bucket, prefix: Array(prefix.utf8), limit: Int.max)
        }
        let uploads = all.filter { upload in
            if upload.key == after.key { return after.id.map { upload.id > $0 } ?? false }
            return after.key.isEmpty || ObjectIndex.isLess(after.key, upload.key)
        }
        let page = uploads.prefix(maximum)
        return try document("ListMultipartUploadsResult") { xml in
            xml.add("Bucket", bucket)
            xml.add("KeyMarker", request["key-marker"] ?? "")
            xml.add("UploadIdMarker", after.id ?? "")
            if page.count < uploads.count, let last = page.last {
                xml.add("NextKeyMarker", String(decoding: last.key, as: UTF8.self))
                xml.add("NextUploadIdMarker", last.id)
            }
            xml.add("Prefix", prefix)
            xml.add("MaxUploads", maximum)
            xml.add("IsTruncated", page.count < uploads.count ? "true" : "false")
            for upload in page {
                xml.add("Upload") { xml in
                    xml.add("Key", String(decoding: upload.key, as: UTF8.self))
                    xml.add("UploadId", upload.id)
                    xml.add("Initiator") { $0.addOwner() }
                    xml.add("Owner") { $0.addOwner() }
                    xml.add("StorageClass", "STANDARD")
                    xml.add("Initiated", upload.created.rfc3339)
                }
            }
        }
    }

    func abortUpload(_ request: S3Request) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        try await write(request) { index in
            _ = try index.upload(id, bucket, key)
            try index.removeUpload(id)
        }
        return Response(status: 204)
    }

    /// CompleteMultipartUpload; a repeated call succeeds, as in S3.
    func completeUpload(_ request: S3Request, _ body: [UInt8]) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        let wanted = try RequestedPart.list(body)
        try await write(request) { index in
            if try index.completedETag(id, bucket, key) != nil { return }
            let upload = try index.upload(id, bucket, key)
            let parts = try RequestedPart.chosen(wanted, of: try index.parts(id))
            let checksum = MultipartChecksum(upload.headers)
            let served = try checksum.served(of: parts, checkedBy: request)
            let digests = parts.flatMap { bytes(hex: $0.etag) ?? [] }
            // The blob of a single part is the body of the object.
            let body: StoredBody =
                parts.count == 1
                ? .blob(parts[0].blob) : .pieces(parts.map { ($0.blob, $0.bytes) })
            let object = NewObject(
                bucket: bucket, key: key, etag: "\(hex(md5(digests)))-\(parts.count)",
                bytes: parts.reduce(0) { $0 + $1.bytes },
                headers: checksum.objectHeaders(upload.headers).merging(served) { $1 },
                body: body, crc64: MultipartChecksum.joined(.crc64nvme, parts) ?? "",
                partSizes: parts.map(\.bytes), condition: Self.condition(request),
                eventName: "ObjectCreated:CompleteMultipartUpload")
            try index.put(object)
            let kept = parts.count == 1 ? parts : parts.filter { $0.bytes > 0 }
            try index.removeUpload(id, keeping: Set(kept.map(\.blob)))
            try index.noteCompleted(id, bucket, key, etag: object.etag)
        }
        return try await completedResponse(request, id)
    }

    private func completedResponse(_ request: S3Request, _ id: String) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let found = try await read { index in
            (try index.completedETag(id, bucket, key), try index.object(bucket, key))
        }
        guard let etag = found.0 else { throw S3Error.noSuchUpload }
        return try document("CompleteMultipartUploadResult") { xml in
            xml.add("Location", "http://\(request.header("host") ?? "")\(request.head.path)")
            xml.add("Bucket", bucket)
            xml.add("Key", request.keyText)
            xml.add("ETag", "\"\(etag)\"")
            if let object = found.1, object.etag == etag { object.describeChecksums(in: &xml) }
        }
    }

    private func commitPart(_ part: PartRecord, _ request: S3Request) async throws {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        let bytesMax = isGranted(request) ? configuration.uploadBytesMax : Int.max
        do {
            try await write(request) { index in
                let upload = try index.upload(id, bucket, key)
                let others = try index.parts(id).filter { $0.number != part.number }
                guard others.reduce(part.bytes, { $0 + $1.bytes }) <= bytesMax else {
                    throw S3Error(
                        .entityTooLarge, "Your proposed upload exceeds the maximum allowed size")
                }
                try MultipartChecksum(upload.headers).check(part)
                try index.putPart(part, of: id)
            }
        } catch let error as S3Error {
            await blobs.remove([part.blob])
            throw error
        }
    }

    private static func partNumber(_ request: S3Request) throws(S3Error) -> Int {
        guard let number = request["partNumber"].flatMap({ Int($0) }),
            1...partNumberMax ~= number
        else {
            throw S3Error(
                .invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
        }
        return number
    }
}
