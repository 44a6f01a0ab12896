import Signing

/// The source of a copy: `x-amz-copy-source` and its conditions.
struct CopySource: Sendable {
    var bucket: String
    var key: [UInt8]
    var ifMatch: String?
    var ifNoneMatch: String?

    /// Reads the headers of a copy request.
    /// - Throws: `.invalidArgument`.
    init(_ request: S3Request) throws(S3Error) {
        let invalid = S3Error(
            .invalidArgument, "Copy Source must mention the source bucket and key: /bucket/key")
        let header = request.header("x-amz-copy-source") ?? ""
        let path = header.split(separator: "?", maxSplits: 1).first.map(String.init) ?? ""
        guard let text = uriDecode(path) else { throw invalid }
        let parts = text.drop { $0 == "/" }.split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw invalid }
        bucket = String(parts[0])
        key = Array(parts[1].utf8)
        ifMatch = request.header("x-amz-copy-source-if-match")
        ifNoneMatch = request.header("x-amz-copy-source-if-none-match")
    }
}
