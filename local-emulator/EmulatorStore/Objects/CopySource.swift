import Signing
import WallClock

/// The source of a copy: `x-amz-copy-source` and its conditions.
struct CopySource: Sendable {
    var bucket: String
    var key: [UInt8]
    var ifMatch: String?
    var ifNoneMatch: String?
    private var ifModifiedSince: UnixTime?
    private var ifUnmodifiedSince: UnixTime?

    /// Reads the headers of a copy request.
    /// - Throws: `.invalidArgument`.
    init(_ request: S3Request) throws(S3Error) {
        let invalid = S3Error(
            .invalidArgument, "Copy Source must mention the source bucket and key: /bucket/key")
        let header = request.header("x-amz-copy-source") ?? ""
        let sides = header.split(separator: "?", maxSplits: 1).map(String.init)
        // A plus sign is a space here, as in a form.
        guard let text = uriDecode(sides.first ?? "", plusIsSpace: true) else { throw invalid }
        if sides.count > 1, sides[1] != "versionId=null" {
            throw S3Error(.noSuchVersion, "The specified version does not exist.")
        }
        let parts = text.drop { $0 == "/" }.split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw invalid }
        bucket = String(parts[0])
        key = Array(parts[1].utf8)
        ifMatch = request.header("x-amz-copy-source-if-match")
        ifNoneMatch = request.header("x-amz-copy-source-if-none-match")
        ifModifiedSince = try Self.date("x-amz-copy-source-if-modified-since", request)
        ifUnmodifiedSince = try Self.date("x-amz-copy-source-if-unmodified-since", request)
    }

    private static func date(
        _ name: String, _ request: S3Request
    ) throws(S3Error) -> UnixTime? {
        guard let text = request.header(name) else { return nil }
        guard let time = UnixTime(http: text) ?? UnixTime(rfc3339: text) else {
            throw S3Error(
                .invalidArgument, "The date is malformed.", details: [("ArgumentName", name)])
        }
        return time
    }

    /// Checks the conditions on the date; one on the ETag overrides its counterpart.
    /// - Throws: `.preconditionFailed`.
    func checkDates(_ object: ObjectRecord) throws(S3Error) {
        let seconds = object.modified.seconds
        if ifMatch == nil, let time = ifUnmodifiedSince, seconds > time.seconds {
            throw S3Error.preconditionFailed
        }
        if ifNoneMatch == nil, let time = ifModifiedSince, seconds <= time.seconds {
            throw S3Error.preconditionFailed
        }
    }
}
