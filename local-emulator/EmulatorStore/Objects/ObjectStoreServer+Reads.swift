import EmulatorHTTP
import Glibc
import Logging
import WallClock

/// The bytes of an object that a response contains.
struct ByteSelection: Equatable {
    var offset: Int
    var bytes: Int
    var isPartial: Bool

    var range: Range<Int> { offset..<(offset + bytes) }

    /// Selects a single range (RFC 9110, 14.1.2). Other forms, other units and several ranges
    /// select the whole object, as in S3.
    /// - Throws: `.invalidRange` if the range is outside the object.
    init(range: String?, size: Int) throws(S3Error) {
        (offset, bytes, isPartial) = (0, size, false)
        guard let range, range.hasPrefix("bytes="), !range.contains(",") else { return }
        let sides = range.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return }
        let invalid = S3Error(
            .invalidRange, "The requested range is not satisfiable",
            details: [("RangeRequested", range), ("ActualObjectSize", String(size))])
        if sides[0].isEmpty {
            guard let count = Int(sides[1]), count >= 0 else { return }
            if count == 0 || size == 0 { throw invalid }
            bytes = min(count, size)
            offset = size - bytes
        } else {
            guard let first = Int(sides[0]), first >= 0 else { return }
            let last = sides[1].isEmpty ? size - 1 : Int(sides[1])
            guard let last, sides[1].isEmpty || last >= first else { return }
            if first >= size { throw invalid }
            offset = first
            bytes = min(last, size - 1) - first + 1
        }
        isPartial = true
    }

    /// Selects one part of a multipart upload; every other object is one part.
    /// - Throws: `.invalidRange` for a part that does not exist.
    init(part: String, _ object: ObjectRecord) throws(S3Error) {
        let sizes = object.partSizes.isEmpty ? [object.bytes] : object.partSizes
        guard let number = Int(part), sizes.indices.contains(number - 1) else {
            throw S3Error(.invalidRange, "The requested partnumber is not satisfiable")
        }
        offset = sizes[..<(number - 1)].reduce(0, +)
        bytes = sizes[number - 1]
        isPartial = true
    }
}

extension ObjectStoreServer {
    /// GetObject and HeadObject.
    func getObject(_ request: S3Request) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let isHead = request.head.method == "HEAD"
        let part = request["partNumber"]
        let (object, selection, source) = try await read { index in
            try index.requireBucket(bucket)
            guard let object = try index.object(bucket, key) else { throw S3Error.noSuchKey }
            try Self.checkConditions(request, object)
            let selection =
                try part.map { part throws(S3Error) in try ByteSelection(part: part, object) }
                ?? ByteSelection(range: request.header("range"), size: object.bytes)
            let source = isHead ? nil : try index.source(object.place, selection.range)
            return (object, selection, source)
        }
        if isHead, case .blob(let id) = object.place, BlobFolder.isLinked(id) {
            close(try await openUnchanged(id))
        }
        var headers = try ObjectHeaders.served(object, request, isWhole: !selection.isPartial)
        if selection.isPartial, selection.bytes > 0 {
            let last = selection.offset + selection.bytes - 1
            headers.append(("Content-Range", "bytes \(selection.offset)-\(last)/\(object.bytes)"))
        }
        if part != nil, !object.partSizes.isEmpty {
            headers.append(("x-amz-mp-parts-count", String(object.partSizes.count)))
        }
        let status = selection.isPartial ? 206 : 200
        guard let source else {
            return Response(
                status: status, headers: headers, body: .omitted(bytes: selection.bytes))
        }
        return Response(status: status, headers: headers, body: try await responseBody(source))
    }

    /// Opens a blob.
    /// - Throws: `.noSuchKey` for a linked file that was changed: the object is gone.
    private func openUnchanged(_ blob: String) async throws -> Int32 {
        do {
            return try await blobs.openBlob(blob)
        } catch let error as BlobError where error.code == ESTALE {
            logger.error("File changed after it was taken over", ["blob": .string(blob)])
            throw S3Error(
                .noSuchKey, "The file of this object was changed after it was taken over.")
        }
    }

    private func responseBody(_ source: BodySource) async throws -> ResponseBody {
        switch source {
        case .bytes(let bytes): return .bytes(bytes)
        case .blobs(let slices) where slices.count == 1:
            let (slice, path) = (slices[0], slices[0].blob)
            let file = FileDescriptor(adopting: try await openUnchanged(path))
            return .file(file, offset: slice.range.lowerBound, bytes: slice.range.count)
        case .blobs(let slices):
            let pin = blobs.pin(slices.map(\.blob))
            return .files(
                slices.map { FileSlice(path: blobs.blobPath($0.blob), range: $0.range) },
                holding: pin)
        }
    }

    /// Checks conditions; one on the ETag overrides one on the date (RFC 9110, 13.2.2).
    /// - Throws: `.preconditionFailed`, `.notModified`.
    private static func checkConditions(
        _ request: S3Request, _ object: ObjectRecord
    ) throws(S3Error) {
        // HTTP dates have whole seconds.
        let seconds = object.modified.seconds
        if let list = request.header("if-match") {
            if !ETags.contains(list, object.etag) { throw S3Error.preconditionFailed }
        } else if let time = request.header("if-unmodified-since").flatMap({
            UnixTime(http: $0)?.seconds
        }),
            seconds > time
        {
            throw S3Error.preconditionFailed
        }
        let notModified = S3Error(
            .notModified, "Not Modified",
            details: [
                ("ETag", "\"\(object.etag)\""),
                ("Last-Modified", object.modified.http),
            ])
        if let list = request.header("if-none-match") {
            if ETags.contains(list, object.etag) { throw notModified }
        } else if let time = request.header("if-modified-since").flatMap({
            UnixTime(http: $0)?.seconds
        }),
            seconds <= time
        {
            throw notModified
        }
    }
}
