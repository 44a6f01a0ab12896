import EmulatorHTTP

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

    /// S3's name, which some clients send as `x-id`; nil where that is not compared.
    private var name: String? {
        switch self {
        case .listBuckets: "ListBuckets"
        case .createBucket: "CreateBucket"
        case .deleteBucket: "DeleteBucket"
        case .deleteObjects: "DeleteObjects"
        case .getObject: "GetObject"
        case .headObject: "HeadObject"
        case .putObject: "PutObject"
        case .copyObject: "CopyObject"
        case .deleteObject: "DeleteObject"
        case .createUpload: "CreateMultipartUpload"
        case .uploadPart: "UploadPart"
        case .uploadPartCopy: "UploadPartCopy"
        case .listParts: "ListParts"
        case .completeUpload: "CompleteMultipartUpload"
        case .abortUpload: "AbortMultipartUpload"
        default: nil
        }
    }

    /// The operation of a request. Only what a rule names is served: an unknown sub-resource never
    /// falls through to the operation without it.
    /// - Throws: `.notImplemented`, `.methodNotAllowed`, `.noSuchVersion`, or the code for a
    ///   missing bucket configuration.
    init(_ request: S3Request) throws(S3Error) {
        let rules: [OperationRule] =
            if request.bucket == nil {
                OperationRule.ofService
            } else {
                request.key == nil ? OperationRule.ofBuckets : OperationRule.ofObjects
            }
        let method = request.head.method
        let names = OperationRule.relevantNames(request)
        guard let rule = rules.first(where: { $0.method == method && $0.serves(names) }) else {
            throw Self.refusal(of: names, method, rules, isOfBucket: request.key == nil)
        }
        if let version = request["versionId"], version != "null" {
            throw S3Error(.noSuchVersion, "The specified version does not exist.")
        }
        self = rule.operation(of: request)
        if let id = request["x-id"], let name, id != name { throw S3Error.notImplemented("x-id") }
        let type = request.header("content-type") ?? ""
        if self == .postForm, !type.lowercased().hasPrefix("multipart/form-data") {
            throw Self.methodNotAllowed
        }
    }

    private static func refusal(
        of names: Set<String>, _ method: String, _ rules: [OperationRule], isOfBucket: Bool
    ) -> S3Error {
        if isOfBucket, method == "GET",
            let (_, code) = missingConfigurations.first(where: { names.contains($0.0) })
        {
            return S3Error(code, "The configuration does not exist")
        }
        if rules.contains(where: { $0.serves(names) }) { return methodNotAllowed }
        let known = rules.filter { $0.method == method }.reduce(into: Set<String>()) {
            $0.formUnion($1.selectors.union($1.parameters))
        }
        let unknown = names.subtracting(known).sorted().first ?? names.sorted().first
        return unknown.map { S3Error.notImplemented($0) } ?? methodNotAllowed
    }

    /// Configurations that no bucket has, with S3's code for a missing one.
    private static let missingConfigurations: [(String, S3Error.Code)] = [
        ("policy", .noSuchBucketPolicy), ("policyStatus", .noSuchBucketPolicy),
        ("encryption", .serverSideEncryptionConfigurationNotFoundError),
        ("publicAccessBlock", .noSuchPublicAccessBlockConfiguration),
        ("ownershipControls", .ownershipControlsNotFoundError),
        ("object-lock", .objectLockConfigurationNotFoundError),
        ("replication", .replicationConfigurationNotFoundError),
        ("website", .noSuchWebsiteConfiguration),
    ]

    private static var methodNotAllowed: S3Error {
        S3Error(
            .methodNotAllowed, "The specified method is not allowed against this resource.")
    }
}

/// A form of request that the store serves: its method, the names in its query that select the
/// operation, and those that it reads.
struct OperationRule: Sendable {
    let method: String
    let selectors: Set<String>
    let parameters: Set<String>
    private let operation: S3Operation

    private init(
        _ method: String, _ selectors: Set<String> = [], _ operation: S3Operation,
        reads parameters: Set<String> = []
    ) {
        self.method = method
        self.selectors = selectors
        self.parameters = parameters
        self.operation = operation
    }

    /// True if a query with these names is of this form, and names nothing else.
    func serves(_ names: Set<String>) -> Bool {
        selectors.isSubset(of: names) && names.subtracting(selectors).isSubset(of: parameters)
    }

    func operation(of request: S3Request) -> S3Operation {
        switch operation {
        case .listObjects where request["list-type"] == "2": .listObjectsV2
        case .putObject where request.header("x-amz-copy-source") != nil: .copyObject
        case .uploadPart where request.header("x-amz-copy-source") != nil: .uploadPartCopy
        default: operation
        }
    }

    /// The names in a query without those of the signature and those that S3 ignores: `x-` and
    /// whatever the client likes. `x-amz-` names are headers.
    static func relevantNames(_ request: S3Request) -> Set<String> {
        Set(request.parameters.map(\.name)).filter { name in
            !name.isEmpty && !name.lowercased().hasPrefix("x-") && !signature.contains(name)
        }
    }

    private static let signature: Set<String> = ["AWSAccessKeyId", "Signature", "Expires"]
    private static let page: Set<String> = ["delimiter", "encoding-type", "max-keys", "prefix"]
    private static let overrides: Set<String> = [
        "response-cache-control", "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires", "versionId",
        "partNumber",
    ]

    static let ofService = [
        OperationRule(
            "GET", .listBuckets,
            reads: ["max-buckets", "continuation-token", "prefix", "bucket-region"])
    ]

    static let ofBuckets: [OperationRule] =
        [
            OperationRule("GET", ["location"], .bucketLocation),
            OperationRule("GET", ["versioning"], .bucketVersioning),
            OperationRule(
                "GET", ["uploads"], .listUploads,
                reads: [
                    "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker",
                ]),
            OperationRule(
                "GET", ["versions"], .listVersions,
                reads: page.union(["key-marker", "version-id-marker"])),
            OperationRule(
                "GET", .listObjects,
                reads: page.union([
                    "list-type", "marker", "continuation-token", "fetch-owner", "start-after",
                ])),
            OperationRule("HEAD", .headBucket), OperationRule("PUT", .createBucket),
            OperationRule("DELETE", .deleteBucket),
            OperationRule("POST", ["delete"], .deleteObjects), OperationRule("POST", .postForm),
        ]
        + BucketConfiguration.allCases.flatMap { kind in
            (kind.isDeletable ? ["GET", "PUT", "DELETE"] : ["GET", "PUT"]).map {
                OperationRule($0, [kind.rawValue], .configuration(kind))
            }
        }

    static let ofObjects = [
        OperationRule("GET", ["attributes"], .getObjectAttributes, reads: ["versionId"]),
        OperationRule("GET", ["tagging"], .getObjectTagging, reads: ["versionId"]),
        OperationRule("PUT", ["tagging"], .setObjectTagging, reads: ["versionId"]),
        OperationRule("DELETE", ["tagging"], .setObjectTagging, reads: ["versionId"]),
        OperationRule(
            "GET", ["uploadId"], .listParts,
            reads: ["encoding-type", "max-parts", "part-number-marker"]),
        OperationRule("GET", .getObject, reads: overrides),
        OperationRule("HEAD", .headObject, reads: overrides),
        // Without one of the two, the operation says which value is invalid.
        OperationRule("PUT", ["uploadId"], .uploadPart, reads: ["partNumber"]),
        OperationRule("PUT", ["partNumber"], .uploadPart),
        OperationRule("PUT", .putObject),
        OperationRule("DELETE", ["uploadId"], .abortUpload),
        OperationRule("DELETE", .deleteObject, reads: ["versionId"]),
        OperationRule("POST", ["uploads"], .createUpload),
        OperationRule("POST", ["uploadId"], .completeUpload),
    ]

    private init(
        _ method: String, _ operation: S3Operation, reads parameters: Set<String> = []
    ) {
        self.init(method, [], operation, reads: parameters)
    }
}
