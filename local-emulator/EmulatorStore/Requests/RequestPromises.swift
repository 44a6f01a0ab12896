import EmulatorHTTP

/// The `x-amz-` headers of a request that promise something.
///
/// Each is carried out or refused: a client that asks for a lock, encryption or another owner must
/// not believe that it has it. Source: S3 API Reference, the operations' request headers.
enum RequestPromises {
    /// The account of the store's only owner, as `x-amz-expected-bucket-owner` names it.
    private static let accounts: Set<String> = ["000000000000", "spool"]

    /// Headers that the store carries out, or that describe the request itself.
    private static let known: Set<String> = [
        "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent",
        "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-te", "x-amz-checksum-mode",
        "x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-mp-object-size",
        "x-amz-copy-source", "x-amz-copy-source-range", "x-amz-copy-source-if-match",
        "x-amz-copy-source-if-none-match", "x-amz-copy-source-if-modified-since",
        "x-amz-copy-source-if-unmodified-since", "x-amz-tagging", "x-amz-object-attributes",
        "x-amz-max-parts", "x-amz-part-number-marker", "x-amz-website-redirect-location",
        "x-amz-if-match-size", "x-amz-if-match-last-modified-time",
        // The requester is the owner, who pays.
        "x-amz-request-payer",
        // Of rules that move objects to other classes, which are refused.
        "x-amz-transition-default-minimum-object-size",
        // Destinations of notifications are not called.
        "x-amz-skip-destination-validation",
        // Fields of a listing that no object has.
        "x-amz-optional-object-attributes",
    ]

    /// Headers of which the store carries out some values.
    private static let values: [String: Set<String>] = [
        "x-amz-acl": ["private", "bucket-owner-full-control", "bucket-owner-read"],
        "x-amz-storage-class": ["STANDARD"],
        "x-amz-object-ownership": ["BucketOwnerEnforced"],
        "x-amz-bucket-object-lock-enabled": ["false", "False"],
        "x-amz-bypass-governance-retention": ["false", "False"],
        "x-amz-metadata-directive": ["COPY", "REPLACE"],
        "x-amz-tagging-directive": ["COPY", "REPLACE"],
        "x-amz-expected-bucket-owner": accounts, "x-amz-source-expected-bucket-owner": accounts,
    ]

    /// Checks the headers of a request.
    /// - Throws: `.notImplemented`, or S3's code for a refused value.
    static func check(_ request: S3Request) throws(S3Error) {
        for field in request.headers.fields where field.lowercasedName.hasPrefix("x-amz-") {
            try check(field.lowercasedName, field.value)
        }
        // Deletes have one condition in S3.
        guard request.head.method == "DELETE" else { return }
        for name in ["if-none-match", "if-modified-since", "if-unmodified-since"]
        where request.header(name) != nil {
            throw S3Error.notImplemented(name)
        }
    }

    /// Checks the fields of a POST form, by lower-case name.
    /// - Throws: `.notImplemented`, or S3's code for a refused value.
    static func check(form fields: [String: String]) throws(S3Error) {
        let signature: Set<String> = [
            "x-amz-algorithm", "x-amz-credential", "x-amz-signature", "x-amz-date",
            "x-amz-security-token",
        ]
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            if name == "acl" {
                try check("x-amz-acl", value)
            } else if name.hasPrefix("x-amz-"), !signature.contains(name) {
                try check(name, value)
            }
        }
    }

    private static func check(_ name: String, _ value: String) throws(S3Error) {
        if known.contains(name) || name.hasPrefix("x-amz-meta-") { return }
        if name.hasPrefix("x-amz-checksum-"),
            ChecksumAlgorithm.allCases.contains(where: { $0.headerName == name })
        {
            return
        }
        if name == "x-amz-sdk-checksum-algorithm" {
            if ChecksumAlgorithm(rawValue: value.lowercased()) != nil { return }
            throw S3Error(
                .invalidRequest,
                "Value for x-amz-sdk-checksum-algorithm header is invalid: \(value)")
        }
        if let allowed = values[name], allowed.contains(value) { return }
        throw refusal(of: name)
    }

    private static func refusal(of name: String) -> S3Error {
        if name == "x-amz-acl" || name.hasPrefix("x-amz-grant-") {
            return S3Error(
                .accessControlListNotSupported, "The bucket does not allow ACLs",
                details: [("Header", name)])
        }
        if name.hasSuffix("expected-bucket-owner") {
            return S3Error(.accessDenied, "Access Denied")
        }
        if name.hasPrefix("x-amz-object-lock-") {
            return S3Error(.invalidRequest, "Bucket is missing Object Lock Configuration")
        }
        if name.hasSuffix("-directive"), values[name] != nil {
            return S3Error(
                .invalidArgument, "Unknown directive.", details: [("ArgumentName", name)])
        }
        return S3Error.notImplemented(name)
    }
}
