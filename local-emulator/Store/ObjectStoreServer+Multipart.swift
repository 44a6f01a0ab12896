import AWSSignature
import EmulatorHTTP
import XMLTree

extension ObjectStoreServer {
    /// S3's minimum for every part but the last.
    private static let partBytesMinimum = 5 << 20
    private static let partNumberMaximum = 10_000

    func createUpload(_ request: S3Request) async throws -> Response {
        let headers = try ObjectHeaders.stored(from: request.head.headers)
        let (bucket, key, id) = (request.bucket ?? "", request.key ?? [], BlobFolder.newID())
        try await write(request) { try $0.createUpload(id, bucket, key, headers: headers) }
        return try document("InitiateMultipartUploadResult") { xml in
            xml.add("Bucket", bucket)
            xml.add("Key", request.keyText)
            xml.add("UploadId", id)
        }
    }

    func uploadPart(_ request: S3Request, _ body: PendingRequest.Body) async throws -> Response {
        let number = try Self.partNumber(request)
        guard let file = body.file else {
            throw S3Error(.internalError, "A part is always a file.")
        }
        try await file.publish()
        try await commitPart(
            PartRecord(
                number: number, etag: body.result.md5, bytes: body.result.bytes, blob: file.id,
                modifiedMilliseconds: configuration.now()), request)
        return Response(
            status: 200,
            headers: [("ETag", "\"\(body.result.md5)\"")] + Self.checksums(body.result))
    }

    func uploadPartCopy(_ request: S3Request) async throws -> Response {
        let number = try Self.partNumber(request)
        let (object, inline) = try await readSource(try CopySource(request))
        let range = request.header("x-amz-copy-source-range")
        let selection = try ByteSelection(range: range, size: object.bytes)
        if range != nil, !selection.isPartial {
            throw S3Error(.invalidArgument, "The x-amz-copy-source-range value must be bytes=a-b")
        }
        let slice = selection.offset..<(selection.offset + selection.bytes)
        let piece: BlobPiece =
            if let inline { .bytes(Array(inline[slice])) } else {
                .blob(object.blob ?? "", range: slice)
            }
        let (blob, etag) = try await blobs.assembleHashed([piece])
        let now = configuration.now()
        try await commitPart(
            PartRecord(
                number: number, etag: etag, bytes: selection.bytes, blob: blob,
                modifiedMilliseconds: now), request)
        return try document("CopyPartResult") { xml in
            xml.add("LastModified", StoreTime.iso(now))
            xml.add("ETag", "\"\(etag)\"")
        }
    }

    func listParts(_ request: S3Request) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        let maximum = try Listing.maximumKeys(request["max-parts"])
        let marker = request["part-number-marker"].flatMap { Int($0) } ?? 0
        let parts = try await read { index in
            _ = try index.upload(id, bucket, key)
            return try index.parts(id).filter { $0.number > marker }
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
                    xml.add("LastModified", StoreTime.iso(part.modifiedMilliseconds))
                    xml.add("ETag", "\"\(part.etag)\"")
                    xml.add("Size", part.bytes)
                }
            }
        }
    }

    func listUploads(_ request: S3Request) async throws -> Response {
        let bucket = request.bucket ?? ""
        let prefix = request["prefix"] ?? ""
        let maximum = try Listing.maximumKeys(request["max-uploads"])
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
                    xml.add("Initiated", StoreTime.iso(upload.createdMilliseconds))
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

    /// Joins the parts. Completing again what was completed succeeds.
    func completeUpload(_ request: S3Request, _ body: [UInt8]) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        let wanted = try Self.wantedParts(body)
        let found = try await read { index -> (UploadRecord, [PartRecord])? in
            if try index.completedETag(id, bucket, key) != nil { return nil }
            return (try index.upload(id, bucket, key), try index.parts(id))
        }
        guard let (upload, stored) = found else {
            return try await completedAnswer(request, id)
        }
        let parts = try Self.chosenParts(wanted, of: stored)
        let digests = parts.flatMap { bytes(hex: $0.etag) ?? [] }
        // A single part is the object already.
        let blob =
            parts.count == 1
            ? parts[0].blob : try await blobs.assemble(parts.map { .blob($0.blob, range: nil) })
        let object = NewObject(
            bucket: bucket, key: key, etag: "\(hex(md5(digests)))-\(parts.count)",
            bytes: parts.reduce(0) { $0 + $1.bytes }, headers: upload.headers, body: .blob(blob),
            partSizes: parts.map(\.bytes), condition: Self.condition(request),
            eventName: "ObjectCreated:CompleteMultipartUpload")
        let isCommitted: Bool
        do {
            isCommitted = try await write(request) { index in
                if try index.completedETag(id, bucket, key) != nil { return false }
                guard try Self.chosenParts(wanted, of: try index.parts(id)) == parts else {
                    throw Self.invalidPart
                }
                try index.put(object)
                try index.removeUpload(id, keeping: parts.count == 1 ? blob : nil)
                try index.noteCompleted(id, bucket, key, etag: object.etag)
                return true
            }
        } catch let error as S3Error {
            if parts.count > 1 { await blobs.remove([blob]) }
            throw error
        }
        if !isCommitted, parts.count > 1 { await blobs.remove([blob]) }
        return try await completedAnswer(request, id)
    }

    private func completedAnswer(_ request: S3Request, _ id: String) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        guard let etag = try await read({ try $0.completedETag(id, bucket, key) }) else {
            throw S3Error.noSuchUpload
        }
        return try document("CompleteMultipartUploadResult") { xml in
            xml.add("Location", "http://\(request.header("host") ?? "")\(request.head.path)")
            xml.add("Bucket", bucket)
            xml.add("Key", request.keyText)
            xml.add("ETag", "\"\(etag)\"")
        }
    }

    private func commitPart(_ part: PartRecord, _ request: S3Request) async throws {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let id = request["uploadId"] ?? ""
        do {
            try await write(request) { index in
                _ = try index.upload(id, bucket, key)
                try index.putPart(part, of: id)
            }
        } catch let error as S3Error {
            await blobs.remove([part.blob])
            throw error
        }
    }

    private static func partNumber(_ request: S3Request) throws(S3Error) -> Int {
        guard let number = request["partNumber"].flatMap({ Int($0) }),
            1...partNumberMaximum ~= number
        else {
            throw S3Error(
                .invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
        }
        return number
    }

    private static func wantedParts(_ body: [UInt8]) throws(S3Error) -> [(Int, String)] {
        let tree = try parse(body)
        var wanted: [(Int, String)] = []
        for part in tree.all("Part") {
            guard let number = part.text(of: "PartNumber").flatMap({ Int($0) }),
                let etag = part.text(of: "ETag")
            else { throw S3Error.malformedXML }
            wanted.append((number, etag.filter { $0 != "\"" }))
        }
        guard tree.name == "CompleteMultipartUpload", 1...partNumberMaximum ~= wanted.count else {
            throw S3Error.malformedXML
        }
        return wanted
    }

    /// - Throws: `.invalidPartOrder`, `.invalidPart`, `.entityTooSmall`.
    private static func chosenParts(
        _ wanted: [(Int, String)], of stored: [PartRecord]
    ) throws(S3Error) -> [PartRecord] {
        for (previous, next) in zip(wanted, wanted.dropFirst()) where previous.0 >= next.0 {
            throw S3Error(
                .invalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part "
                    + "number."
            )
        }
        let byNumber = Dictionary(stored.map { ($0.number, $0) }) { $1 }
        var chosen: [PartRecord] = []
        for (number, etag) in wanted {
            guard let part = byNumber[number], part.etag == etag else { throw invalidPart }
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.bytes < partBytesMinimum {
            throw S3Error(
                .entityTooSmall,
                "Your proposed upload is smaller than the minimum allowed object size.",
                details: [
                    ("PartNumber", String(part.number)), ("ProposedSize", String(part.bytes)),
                ])
        }
        return chosen
    }

    private static var invalidPart: S3Error {
        S3Error(
            .invalidPart,
            "One or more of the specified parts could not be found. The part may not have been "
                + "uploaded, or the specified entity tag may not match the part's entity tag.")
    }
}
