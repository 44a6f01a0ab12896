import HTTPTransport
import XMLTree

/// A failed response: status 300 or above, or a 200 with an error in its body.
struct S3Refusal {
    var error: ObjectStoreError
    /// The bucket's region, from a wrong-region response (S3 User Guide, "Making
    /// requests: redirection"); nil otherwise.
    var region: String?

    /// Operations that may fail with status 200 and an error in the body (S3 API
    /// Reference, CompleteMultipartUpload).
    private static let lateFailures: Set<String> = [
        "CompleteMultipartUpload", "CopyObject", "UploadPartCopy",
    ]

    init?(_ response: HTTPResponse, of call: S3Call) {
        let mayFailLate = Self.lateFailures.contains(call.operation)
        guard response.status >= 300 || mayFailLate else { return nil }
        let document = try? XMLElement(parsing: S3Documents.withoutPadding(response.body))
        let isError = document?.name == "Error"
        guard response.status >= 300 || isError else { return nil }
        let serviceCode = isError ? document?.text(of: "Code") : nil
        error = ObjectStoreError(
            Self.code(response.status, serviceCode), operation: call.operation, key: call.key,
            serviceCode: serviceCode,
            requestID: response["x-amz-request-id"],
            detail: isError ? document?.text(of: "Message") : "HTTP status \(response.status)")
        if [301, 307, 400].contains(response.status) {
            region = response["x-amz-bucket-region"] ?? document?.text(of: "Region")
        }
    }

    static func code(_ status: Int, _ serviceCode: String?) -> ObjectStoreError.Code {
        switch serviceCode {
        case "NoSuchKey", "NoSuchBucket", "NoSuchUpload": return .notFound
        case "EntityTooLarge": return .tooLarge
        case "AccessDenied": return .accessDenied
        case let code? where RetryPolicy.retryableCodes.contains(code):
            return .unavailable
        default: break
        }
        switch status {
        case 404: return .notFound
        case 409, 412: return .preconditionFailed
        case 401, 403: return .accessDenied
        case 416: return .invalidRange
        case 413: return .tooLarge
        case 408, 429, 500...: return .unavailable
        default: return .invalidRequest
        }
    }
}
