import EmulatorHTTP
import Signing

/// A request with its decoded bucket, key and query parameters.
struct S3Request: Sendable {
    var head: RequestHead
    /// Unique for the server's lifetime and sent to the client.
    var requestID: String
    /// nil for a request to the service.
    var bucket: String?
    /// UTF-8 bytes; nil for a request to the bucket.
    var key: [UInt8]?
    var parameters: [(name: String, value: String)]

    /// Decodes the target of a request.
    /// - Throws: `.invalidURI`, `.keyTooLongError`.
    init(_ head: RequestHead, requestID: String) throws(S3Error) {
        self.head = head
        self.requestID = requestID
        let path = head.path.dropFirst()
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let first = parts.first, !first.isEmpty { bucket = try Self.text(first) }
        if bucket != nil, parts.count > 1, !parts[1].isEmpty {
            let text = try Self.text(parts[1])
            guard text.utf8.count <= 1_024 else {
                throw S3Error(.keyTooLongError, "Your key is too long")
            }
            key = Array(text.utf8)
        }
        parameters = []
        for pair in (head.query ?? "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append(
                (
                    try Self.text(sides[0], plusIsSpace: true),
                    sides.count > 1 ? try Self.text(sides[1], plusIsSpace: true) : ""
                ))
        }
    }

    var keyText: String { String(decoding: key ?? [], as: UTF8.self) }

    /// The first value of a query parameter.
    subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    func has(_ name: String) -> Bool { parameters.contains { $0.name == name } }

    /// The headers of the request, with the metadata in the query of a presigned URL: SDKs that
    /// hoist headers put it there, and S3 reads it there.
    var storedHeaders: HeaderFields {
        guard has("X-Amz-Credential") else { return head.headers }
        let hoisted = parameters.filter { $0.name.lowercased().hasPrefix("x-amz-meta-") }
        return HeaderFields(head.headers.fields.map { (name: $0.name, value: $0.value) } + hoisted)
    }

    func header(_ name: String) -> String? { head.headers[name] }

    private static func text(
        _ encoded: Substring, plusIsSpace: Bool = false
    ) throws(S3Error) -> String {
        guard let text = uriDecode(String(encoded), plusIsSpace: plusIsSpace) else {
            throw S3Error(.invalidURI, "Couldn't parse the specified URI.")
        }
        return text
    }
}

/// The S3 operations that the store supports.
enum S3Operation: Sendable, Equatable {
    case listBuckets
    case createBucket, headBucket, deleteBucket, bucketLocation, bucketVersioning
    case listObjects, listObjectsV2, listVersions, listUploads, deleteObjects, postForm
    case getObject, headObject, getObjectAttributes, putObject, copyObject, deleteObject
    case getObjectTagging, setObjectTagging
    case configuration(BucketConfiguration)
    case createUpload, uploadPart, uploadPartCopy, listParts, completeUpload, abortUpload

    /// True if the body is object data, of any size.
    var streamsBody: Bool { self == .putObject || self == .uploadPart || self == .postForm }

    /// The operation of a request.
    /// - Throws: `.notImplemented`, `.methodNotAllowed`, `.noSuchVersion`, or the code for a
    ///   missing bucket configuration.
    init(_ request: S3Request) throws(S3Error) {
        if request.bucket == nil {
            guard request.head.method == "GET" else { throw Self.methodNotAllowed }
            self = .listBuckets
        } else if request.key == nil {
            self = try Self.bucketOperation(request)
        } else {
            self = try Self.objectOperation(request)
        }
    }

    private static func bucketOperation(_ request: S3Request) throws(S3Error) -> S3Operation {
        let method = request.head.method
        for kind in BucketConfiguration.allCases where request.has(kind.rawValue) {
            guard method == "GET" || method == "PUT" || (method == "DELETE" && kind.isDeletable)
            else { throw methodNotAllowed }
            return .configuration(kind)
        }
        for (name, missing) in missingConfigurations where request.has(name) {
            guard method == "GET", let missing else { throw notImplemented(name) }
            throw S3Error(missing, "The configuration does not exist")
        }
        switch method {
        case "GET" where request.has("location"): return .bucketLocation
        case "GET" where request.has("versioning"): return .bucketVersioning
        case "GET" where request.has("uploads"): return .listUploads
        case "GET" where request.has("versions"): return .listVersions
        case "GET": return request["list-type"] == "2" ? .listObjectsV2 : .listObjects
        case "HEAD": return .headBucket
        case "PUT" where request.has("versioning"): throw notImplemented("versioning")
        case "PUT": return .createBucket
        case "DELETE": return .deleteBucket
        case "POST" where request.has("delete"): return .deleteObjects
        case "POST": return .postForm
        default: throw methodNotAllowed
        }
    }

    private static func objectOperation(_ request: S3Request) throws(S3Error) -> S3Operation {
        if request.has("tagging") {
            switch request.head.method {
            case "GET": return .getObjectTagging
            case "PUT", "DELETE": return .setObjectTagging
            default: throw methodNotAllowed
            }
        }
        for name in ["acl", "retention", "legal-hold", "torrent", "restore", "select"]
        where request.has(name) { throw notImplemented(name) }
        if let version = request["versionId"], version != "null" {
            throw S3Error(.noSuchVersion, "The specified version does not exist.")
        }
        let isCopy = request.header("x-amz-copy-source") != nil
        switch request.head.method {
        case "GET" where request.has("attributes"): return .getObjectAttributes
        case "GET": return request.has("uploadId") ? .listParts : .getObject
        case "HEAD": return .headObject
        case "PUT" where request.has("uploadId") || request.has("partNumber"):
            return isCopy ? .uploadPartCopy : .uploadPart
        case "PUT": return isCopy ? .copyObject : .putObject
        case "DELETE": return request.has("uploadId") ? .abortUpload : .deleteObject
        case "POST" where request.has("uploads"): return .createUpload
        case "POST" where request.has("uploadId"): return .completeUpload
        default: throw methodNotAllowed
        }
    }

    private static let missingConfigurations: [(String, S3Error.Code?)] = [
        ("policy", .noSuchBucketPolicy),
        ("encryption", .serverSideEncryptionConfigurationNotFoundError), ("acl", nil),
        ("website", nil), ("logging", nil), ("replication", nil),
        ("object-lock", nil), ("publicAccessBlock", nil), ("ownershipControls", nil),
        ("requestPayment", nil), ("accelerate", nil),
    ]

    private static var methodNotAllowed: S3Error {
        S3Error(
            .methodNotAllowed, "The specified method is not allowed against this resource.")
    }

    private static func notImplemented(_ name: String) -> S3Error {
        S3Error(
            .notImplemented,
            "A header or query you provided implies functionality that is not implemented.",
            details: [("Header", name)])
    }
}
