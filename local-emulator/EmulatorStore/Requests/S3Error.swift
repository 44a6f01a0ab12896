/// An error with S3's code and message (S3 API Reference, "Error responses").
struct S3Error: Error, Sendable, CustomStringConvertible {
    enum Code: String, Sendable {
        case accessControlListNotSupported = "AccessControlListNotSupported"
        case accessDenied = "AccessDenied"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case authorizationQueryParametersError = "AuthorizationQueryParametersError"
        case badDigest = "BadDigest"
        case badRequest = "BadRequest"
        case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
        case bucketNotEmpty = "BucketNotEmpty"
        case entityTooLarge = "EntityTooLarge"
        case entityTooSmall = "EntityTooSmall"
        case illegalLocationConstraintException = "IllegalLocationConstraintException"
        case incompleteBody = "IncompleteBody"
        case insufficientStorage = "InsufficientStorage"
        case internalError = "InternalError"
        case invalidAccessKeyId = "InvalidAccessKeyId"
        case invalidArgument = "InvalidArgument"
        case invalidBucketName = "InvalidBucketName"
        case invalidDigest = "InvalidDigest"
        case invalidPart = "InvalidPart"
        case invalidPartOrder = "InvalidPartOrder"
        case invalidPolicyDocument = "InvalidPolicyDocument"
        case invalidRange = "InvalidRange"
        case invalidRequest = "InvalidRequest"
        case invalidTag = "InvalidTag"
        case invalidURI = "InvalidURI"
        case keyTooLongError = "KeyTooLongError"
        case malformedPOSTRequest = "MalformedPOSTRequest"
        case malformedXML = "MalformedXML"
        case metadataTooLarge = "MetadataTooLarge"
        case methodNotAllowed = "MethodNotAllowed"
        case missingContentLength = "MissingContentLength"
        case noSuchBucket = "NoSuchBucket"
        case noSuchBucketPolicy = "NoSuchBucketPolicy"
        case noSuchCORSConfiguration = "NoSuchCORSConfiguration"
        case noSuchKey = "NoSuchKey"
        case noSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration"
        case noSuchPublicAccessBlockConfiguration = "NoSuchPublicAccessBlockConfiguration"
        case noSuchTagSet = "NoSuchTagSet"
        case noSuchUpload = "NoSuchUpload"
        case noSuchVersion = "NoSuchVersion"
        case noSuchWebsiteConfiguration = "NoSuchWebsiteConfiguration"
        case notImplemented = "NotImplemented"
        case notModified = "NotModified"
        case objectLockConfigurationNotFoundError = "ObjectLockConfigurationNotFoundError"
        case ownershipControlsNotFoundError = "OwnershipControlsNotFoundError"
        case preconditionFailed = "PreconditionFailed"
        case replicationConfigurationNotFoundError = "ReplicationConfigurationNotFoundError"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case serverSideEncryptionConfigurationNotFoundError =
            "ServerSideEncryptionConfigurationNotFoundError"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case xAmzContentSHA256Mismatch = "XAmzContentSHA256Mismatch"

        /// HTTP status.
        var status: Int {
            switch self {
            case .notModified: 304
            case .authorizationHeaderMalformed, .authorizationQueryParametersError, .badDigest,
                .badRequest, .invalidTag, .accessControlListNotSupported,
                .illegalLocationConstraintException,
                .entityTooLarge, .entityTooSmall, .incompleteBody, .invalidArgument,
                .invalidBucketName, .invalidDigest, .invalidPart, .invalidPartOrder,
                .invalidPolicyDocument, .invalidRequest, .invalidURI, .keyTooLongError,
                .malformedPOSTRequest, .malformedXML, .metadataTooLarge,
                .xAmzContentSHA256Mismatch:
                400
            case .accessDenied, .invalidAccessKeyId, .requestTimeTooSkewed,
                .signatureDoesNotMatch:
                403
            case .noSuchBucket, .noSuchBucketPolicy, .noSuchCORSConfiguration, .noSuchKey,
                .noSuchLifecycleConfiguration, .noSuchTagSet, .noSuchUpload, .noSuchVersion,
                .noSuchPublicAccessBlockConfiguration, .noSuchWebsiteConfiguration,
                .objectLockConfigurationNotFoundError, .ownershipControlsNotFoundError,
                .replicationConfigurationNotFoundError,
                .serverSideEncryptionConfigurationNotFoundError:
                404
            case .methodNotAllowed: 405
            case .bucketAlreadyOwnedByYou, .bucketNotEmpty: 409
            case .missingContentLength: 411
            case .preconditionFailed: 412
            case .invalidRange: 416
            case .internalError: 500
            case .notImplemented: 501
            case .insufficientStorage: 507
            }
        }
    }

    var code: Code
    var message: String
    /// Additional elements of the error document.
    var details: [(String, String)]

    init(_ code: Code, _ message: String, details: [(String, String)] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    var description: String { "\(code.rawValue): \(message)" }

    static var noSuchBucket: S3Error {
        S3Error(.noSuchBucket, "The specified bucket does not exist")
    }
    /// Not S3's: clients repeat a 500 at once, which does not help.
    static var diskFull: S3Error {
        S3Error(.insufficientStorage, "The disk of the store is full.")
    }
    static var noSuchKey: S3Error { S3Error(.noSuchKey, "The specified key does not exist.") }
    static var noSuchUpload: S3Error {
        S3Error(
            .noSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
                + "have been aborted or completed.")
    }
    static var preconditionFailed: S3Error {
        S3Error(
            .preconditionFailed,
            "At least one of the pre-conditions you specified did not hold")
    }
    /// The refusal of what the store does not do, by the header, query name or element.
    static func notImplemented(_ name: String) -> S3Error {
        S3Error(
            .notImplemented,
            "A header or query you provided implies functionality that is not implemented.",
            details: [("Header", name)])
    }
    static var malformedXML: S3Error {
        S3Error(
            .malformedXML,
            "The XML you provided was not well-formed or did not validate against our published "
                + "schema")
    }
}
