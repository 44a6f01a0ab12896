import Crypto
import EmulatorHTTP
import WallClock
import XMLTree

extension ObjectStoreServer {
    /// PutObject.
    func putObject(_ request: S3Request, _ body: PendingRequest.Body) async throws -> Response {
        var headers = try ObjectHeaders.stored(from: request.headers)
        headers.merge(body.result.servedChecksums) { $1 }
        let object = NewObject(
            bucket: request.bucket ?? "", key: request.key ?? [], etag: body.result.md5,
            bytes: body.result.bytes, headers: headers, body: try await durable(body),
            crc64: body.result.crc64, condition: Self.condition(request),
            eventName: "ObjectCreated:Put")
        try await commit(object, request)
        return Response(
            status: 200,
            headers: [("ETag", "\"\(object.etag)\"")] + Self.checksums(body.result))
    }

    func deleteObject(_ request: S3Request) async throws -> Response {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let condition = try DeletePrecondition(
            etag: request.header("if-match"), size: request.header("x-amz-if-match-size"),
            modified: request.header("x-amz-if-match-last-modified-time"))
        _ = try await write(request) { try $0.delete(bucket, key, condition) }
        return Response(status: 204)
    }

    /// DeleteObjects.
    func deleteObjects(_ request: S3Request, _ body: [UInt8]) async throws -> Response {
        let tree = try Self.parse(body)
        let bucket = request.bucket ?? ""
        let objects = try tree.all("Object").map { try RequestedDelete($0) }
        guard tree.name == "Delete", !objects.isEmpty, objects.count <= 1_000 else {
            throw S3Error.malformedXML
        }
        let faults = try await write(request) { index in
            try objects.map { try $0.perform(in: index, bucket) }
        }
        let isQuiet = tree.text(of: "Quiet") == "true"
        return try document("DeleteResult") { xml in
            for (object, fault) in zip(objects, faults) {
                if let fault {
                    xml.add("Error") { xml in
                        xml.add("Key", object.key)
                        if let version = object.version { xml.add("VersionId", version) }
                        xml.add("Code", fault.code.rawValue)
                        xml.add("Message", fault.message)
                    }
                } else if !isQuiet {
                    xml.add("Deleted") { $0.add("Key", object.key) }
                }
            }
        }
    }

    func copyObject(_ request: S3Request) async throws -> Response {
        let source = try CopySource(request)
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let object = try await readSource(source)
        let replaces = request.header("x-amz-metadata-directive")?.uppercased() == "REPLACE"
        if let algorithm = request.header(ChecksumAlgorithm.algorithmHeaderName)?.lowercased(),
            object.headers["x-amz-checksum-" + algorithm] == nil
        {
            // A copy keeps the source's checksums; its bytes are not read.
            throw S3Error.notImplemented(ChecksumAlgorithm.algorithmHeaderName)
        }
        if source.bucket == bucket, source.key == key, !replaces {
            throw S3Error(
                .invalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself "
                    + "without changing the object's metadata.")
        }
        var headers = object.headers
        if replaces {
            headers = try ObjectHeaders.stored(from: request.headers)
            headers.merge(object.headers.filter { $0.key.hasPrefix("x-amz-checksum-") }) { $1 }
        }
        let tagging = ObjectRecord.taggingHeader
        headers[tagging] =
            request.header("x-amz-tagging-directive")?.uppercased() == "REPLACE"
            ? try ObjectHeaders.stored(from: request.headers)[tagging]
            : object.headers[tagging]
        let body: StoredBody =
            switch try await read({ try $0.source(object.place, 0..<object.bytes) }) {
            case .bytes(let bytes): .inline(bytes)
            case .blobs(let slices): .blob(try await blobs.assemble(.blobs(slices)))
            }
        let copy = NewObject(
            bucket: bucket, key: key, etag: object.etag, bytes: object.bytes, headers: headers,
            body: body, crc64: object.crc64, partSizes: object.partSizes,
            condition: Self.condition(request),
            eventName: "ObjectCreated:Copy")
        try await commit(copy, request)
        let time = configuration.now().rfc3339
        return try document("CopyObjectResult") { xml in
            xml.add("LastModified", time)
            xml.add("ETag", "\"\(object.etag)\"")
            object.describeChecksums(in: &xml)
        }
    }

    /// The source object of a copy.
    /// - Throws: `.noSuchBucket`, `.noSuchKey`, `.preconditionFailed`.
    func readSource(_ source: CopySource) async throws -> ObjectRecord {
        let (bucket, key) = (source.bucket, source.key)
        let object = try await read { index in
            try index.requireBucket(bucket)
            guard let object = try index.object(bucket, key) else { throw S3Error.noSuchKey }
            return object
        }
        try source.checkDates(object)
        if let list = source.ifMatch, !ETags.contains(list, object.etag) {
            throw S3Error.preconditionFailed
        }
        if let list = source.ifNoneMatch, ETags.contains(list, object.etag) {
            throw S3Error.preconditionFailed
        }
        return object
    }

    /// Makes a body durable, so that the index may refer to it.
    func durable(_ body: PendingRequest.Body) async throws -> StoredBody {
        guard let file = body.file else { return .inline(body.memory) }
        try await file.publish()
        return .blob(file.id)
    }

    /// Writes an object to the index; if it is refused, its blob is removed.
    func commit(_ object: NewObject, _ request: S3Request) async throws {
        do {
            try await write(request) { try $0.put(object) }
        } catch let error as S3Error {
            if case .blob(let id) = object.body { await blobs.remove([id]) }
            throw error
        }
    }

    static func condition(_ request: S3Request) -> WritePrecondition {
        WritePrecondition(
            ifMatch: request.header("if-match"), ifNoneMatch: request.header("if-none-match"))
    }

    /// Checksum headers of the response.
    static func checksums(_ result: BodyResult) -> [(String, String)] {
        result.servedChecksums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Parses an XML document.
    /// - Throws: `.malformedXML`.
    static func parse(_ body: [UInt8]) throws(S3Error) -> XMLElement {
        do throws(XMLError) {
            return try XMLElement(parsing: body)
        } catch {
            throw S3Error.malformedXML
        }
    }
}
