import EmulatorDatabase
import EmulatorHTTP
import Synchronization
import XMLTree

/// Configuration documents of a bucket, which are stored as received once they are valid.
enum BucketConfiguration: String, Sendable, CaseIterable {
    case cors, tagging, lifecycle, notification

    /// Response to GET if the bucket has no such document.
    var missing: S3Error {
        switch self {
        case .cors:
            S3Error(.noSuchCORSConfiguration, "The CORS configuration does not exist")
        case .tagging: S3Error(.noSuchTagSet, "The TagSet does not exist")
        case .lifecycle:
            S3Error(
                .noSuchLifecycleConfiguration, "The lifecycle configuration does not exist")
        // A bucket always has one; by default it is empty.
        case .notification: S3Error.malformedXML
        }
    }

    /// True if DELETE removes it; a notification configuration is replaced by an empty one.
    var isDeletable: Bool { self != .notification }

    /// Validates a document.
    /// - Throws: `.malformedXML`, `.invalidRequest`, `.invalidArgument`, `.invalidTag`.
    func check(_ document: XMLElement) throws(S3Error) {
        switch self {
        case .cors: _ = try BucketCORS(document)
        case .tagging: _ = try TagSet(document, atMost: TagSet.bucketTagCountMax)
        case .lifecycle: _ = try LifecycleRules(document)
        case .notification: _ = try BucketNotifications(document)
        }
    }
}

extension ObjectStoreServer {
    /// GET, PUT and DELETE of a configuration document.
    func configuration(
        _ kind: BucketConfiguration, _ request: S3Request, _ body: [UInt8]
    ) async throws -> Response {
        let bucket = request.bucket ?? ""
        switch request.head.method {
        case "GET":
            let document = try await read { index in
                try index.requireBucket(bucket)
                return try index.configuration(kind, of: bucket)
            }
            guard let document else {
                guard kind != .notification else {
                    return try self.document("NotificationConfiguration") { _ in }
                }
                throw kind.missing
            }
            return Response(
                status: 200, headers: [("Content-Type", "application/xml")],
                body: .bytes(document))
        case "PUT":
            try kind.check(Self.parse(body))
            let tree = try Self.parse(body)
            try await write(request) { index in
                try index.setConfiguration(kind, of: bucket, to: body)
                guard kind == .notification else { return }
                try ObjectNotification.replace(
                    of: bucket, with: try BucketNotifications(tree).of(bucket),
                    in: index.connection)
            }
            if kind == .cors { try await loadBucketCORS() }
            return Response(status: kind == .tagging ? 204 : 200)
        default:
            try await write(request) { try $0.setConfiguration(kind, of: bucket, to: nil) }
            if kind == .cors { try await loadBucketCORS() }
            return Response(status: 204)
        }
    }

    /// Reads the rules of all buckets again.
    func loadBucketCORS() async throws {
        let documents = try await read { try $0.configurations(.cors) }
        var rules: [String: BucketCORS] = [:]
        for (bucket, document) in documents {
            rules[bucket] = try BucketCORS(try Self.parse(document))
        }
        let found = rules
        bucketCORS.withLock { $0 = found }
    }
}

extension ObjectIndex {
    /// The stored document; nil if there is none.
    func configuration(_ kind: BucketConfiguration, of bucket: String) throws -> [UInt8]? {
        try connection.query(
            "SELECT document FROM bucket_configurations WHERE bucket = ? AND name = ?", bucket,
            kind.rawValue
        ).first?.blob("document")
    }

    /// The configurations of one kind, by bucket.
    func configurations(_ kind: BucketConfiguration) throws -> [(bucket: String, [UInt8])] {
        try connection.query(
            "SELECT bucket, document FROM bucket_configurations WHERE name = ?", kind.rawValue
        ).map { (try $0.text("bucket"), try $0.blob("document")) }
    }

    /// Replaces the document; nil removes it.
    /// - Throws: `.noSuchBucket`.
    func setConfiguration(
        _ kind: BucketConfiguration, of bucket: String, to document: [UInt8]?
    ) throws {
        try requireBucket(bucket)
        if let document {
            try connection.execute(
                "INSERT OR REPLACE INTO bucket_configurations VALUES(?,?,?)", bucket,
                kind.rawValue, document)
        } else {
            try connection.execute(
                "DELETE FROM bucket_configurations WHERE bucket = ? AND name = ?", bucket,
                kind.rawValue)
        }
    }
}
