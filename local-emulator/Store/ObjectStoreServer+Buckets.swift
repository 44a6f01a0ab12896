import AWSSignature
import EmulatorDatabase
import EmulatorHTTP

extension ObjectStoreServer {
    func listBuckets() async throws -> Response {
        let rows = try await database.read { connection in
            try connection.query("SELECT * FROM buckets ORDER BY name")
        }
        return try document("ListAllMyBucketsResult") { xml in
            xml.add("Owner") { $0.addOwner() }
            try xml.adding("Buckets") { xml in
                for row in rows {
                    let (name, time) = (try row.text("name"), try row.integer("created_ms"))
                    xml.add("Bucket") { xml in
                        xml.add("Name", name)
                        xml.add("CreationDate", StoreTime.iso(time))
                    }
                }
            }
        }
    }

    func createBucket(_ request: S3Request) async throws -> Response {
        let name = request.bucket ?? ""
        guard Self.isBucketName(name) else {
            throw S3Error(.invalidBucketName, "The specified bucket is not valid.")
        }
        let region = configuration.region
        try await write(request) { index in
            let existing = try index.connection.query("SELECT 1 FROM buckets WHERE name = ?", name)
            // us-east-1 answers 200 to a repeated call of the owner.
            if !existing.isEmpty, region != "us-east-1" {
                throw S3Error(
                    .bucketAlreadyOwnedByYou,
                    "Your previous request to create the named bucket succeeded and you already "
                        + "own it."
                )
            }
            try index.connection.execute(
                "INSERT OR IGNORE INTO buckets VALUES(?,?)", name, index.now)
        }
        return Response(status: 200, headers: [("Location", "/\(name)")])
    }

    func headBucket(_ request: S3Request) async throws -> Response {
        try await requireBucket(request)
        return Response(
            status: 200, headers: [("x-amz-bucket-region", configuration.region)],
            body: .omitted(bytes: 0))
    }

    func deleteBucket(_ request: S3Request) async throws -> Response {
        let name = request.bucket ?? ""
        try await write(request) { index in
            try index.requireBucket(name)
            let objects = try index.connection.query(
                "SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", name)
            guard objects.isEmpty else {
                throw S3Error(.bucketNotEmpty, "The bucket you tried to delete is not empty")
            }
            for upload in try index.uploads(name, prefix: [], limit: Int.max) {
                try index.removeUpload(upload.id)
            }
            try index.connection.execute(
                "DELETE FROM bucket_configurations WHERE bucket = ?", name)
            try index.connection.execute("DELETE FROM buckets WHERE name = ?", name)
        }
        try await loadBucketCORS()
        return Response(status: 204)
    }

    func bucketLocation(_ request: S3Request) async throws -> Response {
        try await requireBucket(request)
        // The first region of all is written as nothing.
        let region = configuration.region == "us-east-1" ? "" : configuration.region
        return Response(
            status: 200, headers: [("Content-Type", "application/xml")],
            body: .bytes(XMLText("LocationConstraint", text: region).bytes))
    }

    func bucketVersioning(_ request: S3Request) async throws -> Response {
        try await requireBucket(request)
        return try document("VersioningConfiguration") { _ in }
    }

    func listObjects(_ request: S3Request, isVersion2: Bool) async throws -> Response {
        let listing = try Listing(request, isVersion2: isVersion2)
        let result = try await read { try $0.list(listing.query) }
        return try document("ListBucketResult") { listing.write(result, to: &$0) }
    }

    /// An XML answer with status 200.
    func document(
        _ root: String, _ content: (inout XMLText) throws -> Void
    ) throws -> Response {
        Response(
            status: 200, headers: [("Content-Type", "application/xml")],
            body: .bytes(try XMLText(building: root, content).bytes))
    }

    private func requireBucket(_ request: S3Request) async throws {
        let name = request.bucket ?? ""
        try await read { try $0.requireBucket(name) }
    }

    /// S3 User Guide, "Bucket naming rules".
    static func isBucketName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isEdge(_ byte: UInt8) -> Bool { 48...57 ~= byte || 97...122 ~= byte }
        guard 3...63 ~= bytes.count, let first = bytes.first, let last = bytes.last,
            isEdge(first), isEdge(last), !name.contains("..")
        else { return false }
        return bytes.allSatisfy { isEdge($0) || $0 == 45 || $0 == 46 }
    }
}

/// What a listing was asked for and how it writes its answer.
struct Listing: Sendable {
    var query: ListQuery
    private let isVersion2: Bool
    private let parameters: [String: String]
    private let isEncoded: Bool

    /// - Throws: `.invalidArgument`.
    init(_ request: S3Request, isVersion2: Bool) throws(S3Error) {
        self.isVersion2 = isVersion2
        parameters = Dictionary(request.parameters.map { ($0.name, $0.value) }) { $1 }
        switch request["encoding-type"] {
        case nil: isEncoded = false
        case "url": isEncoded = true
        default: throw S3Error(.invalidArgument, "Invalid Encoding Method specified in Request")
        }
        let maximum = try Self.maximumKeys(request["max-keys"])
        query = ListQuery(
            bucket: request.bucket ?? "", prefix: Array((request["prefix"] ?? "").utf8),
            delimiter: Array((request["delimiter"] ?? "").utf8), maximumKeys: maximum)
        query.start = try start(request)
    }

    /// 0 to 1,000; more is cut.
    static func maximumKeys(_ text: String?) throws(S3Error) -> Int {
        guard let text else { return 1_000 }
        guard let value = Int(text), value >= 0 else {
            throw S3Error(
                .invalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647")
        }
        return min(value, 1_000)
    }

    private func start(_ request: S3Request) throws(S3Error) -> [UInt8] {
        if isVersion2 {
            if let token = request["continuation-token"] {
                guard let start = bytes(hex: token) else {
                    throw S3Error(.invalidArgument, "The continuation token provided is incorrect")
                }
                return start
            }
            return request["start-after"].map { Array($0.utf8) + [0] } ?? []
        }
        guard let marker = request["marker"].map({ Array($0.utf8) }), !marker.isEmpty else {
            return []
        }
        // A marker that is a common prefix of this listing stands for all of it.
        let isGroup =
            !query.delimiter.isEmpty && marker.starts(with: query.prefix)
            && marker.count > query.prefix.count
            && marker.suffix(query.delimiter.count) == query.delimiter[...]
        return isGroup ? ObjectIndex.successor(marker) ?? marker : marker + [0]
    }

    func write(_ result: ListResult, to xml: inout XMLText) {
        xml.add("Name", query.bucket)
        xml.add("Prefix", encoded(query.prefix))
        if !query.delimiter.isEmpty { xml.add("Delimiter", encoded(query.delimiter)) }
        xml.add("MaxKeys", query.maximumKeys)
        if isEncoded { xml.add("EncodingType", "url") }
        xml.add("IsTruncated", result.next == nil ? "false" : "true")
        if isVersion2 {
            xml.add("KeyCount", result.entries.count)
            if let token = parameters["continuation-token"] { xml.add("ContinuationToken", token) }
            if let after = parameters["start-after"] {
                xml.add("StartAfter", encoded(Array(after.utf8)))
            }
            if let next = result.next { xml.add("NextContinuationToken", hex(next)) }
        } else {
            xml.add("Marker", encoded(Array((parameters["marker"] ?? "").utf8)))
            if result.next != nil, !query.delimiter.isEmpty, let last = result.entries.last {
                xml.add("NextMarker", encoded(Self.name(last)))
            }
        }
        let showsOwner = !isVersion2 || parameters["fetch-owner"] == "true"
        for case .object(let object) in result.entries {
            xml.add("Contents") { xml in
                xml.add("Key", encoded(object.key))
                xml.add("LastModified", StoreTime.iso(object.modifiedMilliseconds))
                xml.add("ETag", "\"\(object.etag)\"")
                xml.add("Size", object.bytes)
                if showsOwner { xml.add("Owner") { $0.addOwner() } }
                xml.add("StorageClass", "STANDARD")
            }
        }
        for case .commonPrefix(let prefix) in result.entries {
            xml.add("CommonPrefixes") { $0.add("Prefix", encoded(prefix)) }
        }
    }

    private static func name(_ entry: ListResult.Entry) -> [UInt8] {
        switch entry {
        case .object(let object): object.key
        case .commonPrefix(let prefix): prefix
        }
    }

    private func encoded(_ key: [UInt8]) -> String {
        let text = String(decoding: key, as: UTF8.self)
        return isEncoded ? uriEncode(text, keepingSlash: true) : text
    }
}

extension XMLText {
    /// The one owner there is.
    mutating func addOwner() {
        add("ID", "spool")
        add("DisplayName", "spool")
    }
}
