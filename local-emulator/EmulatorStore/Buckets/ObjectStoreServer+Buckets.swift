import EmulatorDatabase
import EmulatorHTTP
import WallClock
import XMLTree

extension ObjectStoreServer {
    /// ListBuckets, in pages where the client asks for them: the token is the last name.
    func listBuckets(_ request: S3Request) async throws -> Response {
        let after = request["continuation-token"] ?? ""
        let prefix = request["prefix"] ?? ""
        let countMax = request["max-buckets"].map { Int($0) ?? 0 } ?? 10_000
        guard (1...10_000).contains(countMax) else {
            throw S3Error(
                .invalidArgument, "max-buckets must be a number from 1 to 10000",
                details: [("ArgumentName", "max-buckets")])
        }
        let isOurRegion = request["bucket-region"].map { $0 == configuration.region } ?? true
        let found = try await database.read { connection in
            try connection.query("SELECT * FROM buckets WHERE name > ? ORDER BY name", after)
                .filter { try $0.text("name").hasPrefix(prefix) && isOurRegion }
        }
        let rows = found.prefix(countMax)
        return try document("ListAllMyBucketsResult") { xml in
            xml.add("Owner") { $0.addOwner() }
            try xml.adding("Buckets") { xml in
                for row in rows {
                    let (name, time) = (try row.text("name"), try row.time("created_ms"))
                    xml.add("Bucket") { xml in
                        xml.add("Name", name)
                        xml.add("CreationDate", time.rfc3339)
                    }
                }
            }
            if rows.count < found.count, let last = rows.last {
                xml.add("ContinuationToken", try last.text("name"))
            }
            if request.has("prefix") { xml.add("Prefix", prefix) }
        }
    }

    func createBucket(_ request: S3Request, _ body: [UInt8]) async throws -> Response {
        let name = request.bucket ?? ""
        guard Self.isBucketName(name) else {
            throw S3Error(.invalidBucketName, "The specified bucket is not valid.")
        }
        let region = configuration.region
        try checkBucketConfiguration(body)
        try await write(request) { index in
            let existing = try index.connection.query("SELECT 1 FROM buckets WHERE name = ?", name)
            // us-east-1 returns 200 if the owner creates a bucket again.
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

    /// Checks the document of CreateBucket, which may be empty.
    /// - Throws: `.notImplemented`, `.illegalLocationConstraintException`, `.malformedXML`.
    private func checkBucketConfiguration(_ body: [UInt8]) throws(S3Error) {
        guard !body.isEmpty else { return }
        let tree = try Self.parse(body)
        guard tree.name == "CreateBucketConfiguration" else { throw S3Error.malformedXML }
        for child in tree.children where child.name != "LocationConstraint" {
            throw S3Error.notImplemented(child.name)
        }
        guard let location = tree.text(of: "LocationConstraint"), !location.isEmpty,
            location != configuration.region
        else { return }
        throw S3Error(
            .illegalLocationConstraintException,
            "The \(location) location constraint is incompatible for the region specific endpoint"
                + " this request was sent to.")
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
        // us-east-1 is the empty location.
        let region = configuration.region == "us-east-1" ? "" : configuration.region
        return Response(
            status: 200, headers: [("Content-Type", "application/xml")],
            body: .bytes(XMLText("LocationConstraint", text: region).bytes))
    }

    func bucketVersioning(_ request: S3Request) async throws -> Response {
        try await requireBucket(request)
        return try document("VersioningConfiguration") { _ in }
    }

    func listObjects(_ request: S3Request, _ kind: Listing.Kind) async throws -> Response {
        let listing = try Listing(request, kind)
        let result = try await read { try $0.list(listing.query) }
        return try document(kind.root) { listing.write(result, to: &$0) }
    }

    /// An XML response with status 200.
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

    /// True if S3 allows the bucket name (S3 User Guide, "Bucket naming rules").
    static func isBucketName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isEdge(_ byte: UInt8) -> Bool { 48...57 ~= byte || 97...122 ~= byte }
        guard 3...63 ~= bytes.count, let first = bytes.first, let last = bytes.last,
            isEdge(first), isEdge(last), !name.contains("..")
        else { return false }
        return bytes.allSatisfy { isEdge($0) || $0 == 45 || $0 == 46 }
    }
}
