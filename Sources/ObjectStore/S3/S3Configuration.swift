import Signing

/// Location and credentials of a bucket.
package struct S3Configuration: Sendable {
    /// The bucket's name.
    package var bucket: String
    /// The region that requests are signed for.
    package var region: String
    /// The source of credentials.
    package var credentials: CredentialsSource
    /// The endpoint of Spool's own requests.
    package var endpoint: S3Endpoint
    /// The endpoint in presigned URLs for clients.
    package var clientEndpoint: S3Endpoint
    /// The checksums sent with requests.
    package var requestChecksums = ChecksumPolicy.whenRequired
    /// The checksums verified on responses.
    package var responseChecksums = ChecksumPolicy.whenRequired
    /// True if the store supports POST forms; R2 does not.
    package var hasPostForms = true
    /// The host of clients' downloads; nil for the store itself.
    package var cdn: CDN?
    /// True if the endpoints follow from the region.
    private var isAmazon = false

    /// Reads the standard AWS variables, `SPOOL_BUCKET` (default `spool`) and
    /// `SPOOL_PUBLIC_S3_URL` (default: the endpoint itself).
    ///
    /// `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`, selects a store other than
    /// AWS. Its bucket is in the path, or in the host if `SPOOL_S3_ADDRESSING` is
    /// `virtual`. `AWS_REQUEST_CHECKSUM_CALCULATION` and
    /// `AWS_RESPONSE_CHECKSUM_VALIDATION` control checksums; by default only AWS
    /// gets them, since other stores refuse them.
    /// - Throws: every missing or malformed variable in one error.
    package init(environment: [String: String]) throws(S3ConfigurationError) {
        var variables = S3Variables(environment)
        let bucket = variables["SPOOL_BUCKET"] ?? "spool"
        region =
            variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? "us-east-1"
        credentials = variables.credentials()
        let given = variables.endpoint(
            variables["AWS_ENDPOINT_URL_S3"] == nil ? "AWS_ENDPOINT_URL" : "AWS_ENDPOINT_URL_S3")
        isAmazon = given == nil
        endpoint =
            given
            ?? S3Endpoint.amazon(region: region).addressing(
                bucket, byHost: S3Endpoint.fitsHost(bucket))
        clientEndpoint = variables.endpoint("SPOOL_PUBLIC_S3_URL") ?? endpoint
        if variables.choice("SPOOL_S3_ADDRESSING", ["path", "virtual"]) == "virtual" {
            endpoint = endpoint.addressing(bucket, byHost: true)
            clientEndpoint = clientEndpoint.addressing(bucket, byHost: true)
        }
        let usual = isAmazon ? ChecksumPolicy.whenSupported : .whenRequired
        requestChecksums = variables.checksums("AWS_REQUEST_CHECKSUM_CALCULATION") ?? usual
        responseChecksums = variables.checksums("AWS_RESPONSE_CHECKSUM_VALIDATION") ?? usual
        hasPostForms =
            variables.choice("SPOOL_S3_POST_FORMS", ["on", "off"]).map { $0 == "on" }
            ?? !endpoint.authority.hasSuffix(".r2.cloudflarestorage.com")
        self.bucket = bucket
        guard variables.faults.isEmpty else {
            throw S3ConfigurationError(faults: variables.faults)
        }
    }

    /// The same configuration with another region.
    func located(in region: String) -> S3Configuration {
        var other = self
        other.region = region
        guard isAmazon else { return other }
        other.endpoint = S3Endpoint.amazon(region: region).addressing(
            bucket, byHost: !endpoint.isPathStyle)
        if clientEndpoint == endpoint { other.clientEndpoint = other.endpoint }
        return other
    }
}

/// The use of checksums (AWS SDKs and Tools Reference Guide, "Data Integrity Protections").
package enum ChecksumPolicy: String, Sendable {
    case whenSupported = "when_supported"
    case whenRequired = "when_required"
}

/// The variables of a configuration and the faults found in them.
struct S3Variables {
    private let environment: [String: String]
    private(set) var faults: [String] = []

    init(_ environment: [String: String]) { self.environment = environment }

    /// The value of a variable; nil if it is missing or empty.
    subscript(name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func credentials() -> CredentialsSource {
        if let source = CredentialsSource(environment: environment) { return source }
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] where self[name] == nil {
            faults.append("\(name) is not set.")
        }
        return .fixed(SigV4.Credentials(accessKeyID: "", secretAccessKey: ""))
    }

    mutating func endpoint(_ name: String) -> S3Endpoint? {
        guard let text = self[name] else { return nil }
        let endpoint = S3Endpoint(url: text)
        if endpoint == nil {
            faults.append(
                "\(name) is not an http or https URL without a path: \(withoutUser(text)).")
        }
        return endpoint
    }

    mutating func choice(_ name: String, _ choices: [String]) -> String? {
        guard let text = self[name] else { return nil }
        if choices.contains(text) { return text }
        faults.append("\(name) is not \(choices.joined(separator: " or ")): \(text).")
        return nil
    }

    mutating func checksums(_ name: String) -> ChecksumPolicy? {
        guard let text = self[name] else { return nil }
        let policy = ChecksumPolicy(rawValue: text.lowercased())
        if policy == nil {
            faults.append("\(name) is not when_supported or when_required: \(text).")
        }
        return policy
    }
}

/// A URL without user name and password, for logs.
func withoutUser(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    return "…" + url[at...]
}

/// The missing and malformed variables.
package struct S3ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// One sentence for each missing or malformed variable.
    package var faults: [String]
    package var description: String { faults.joined(separator: " ") }
}
