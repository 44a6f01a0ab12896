package import AWSSignature

/// Where the bucket is and who we are.
package struct S3Configuration: Sendable {
    package var bucket: String
    package var region: String
    package var credentials: SigV4.Credentials
    /// Where our own requests go.
    package var endpoint: S3Endpoint
    /// Where clients reach the store: presigned URLs for them carry it.
    package var clientEndpoint: S3Endpoint

    /// Reads the standard AWS variables, `SPOOL_BUCKET` (default `spool`) and
    /// `SPOOL_PUBLIC_S3_URL` (default: the endpoint itself).
    ///
    /// `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`, names another store than
    /// AWS; such a store is addressed path style.
    /// - Throws: every missing or malformed variable in one error.
    package init(environment: [String: String]) throws(S3ConfigurationError) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        var faults: [String] = []
        func required(_ name: String) -> String {
            guard let text = value(name) else {
                faults.append("\(name) is not set.")
                return ""
            }
            return text
        }
        bucket = value("SPOOL_BUCKET") ?? "spool"
        region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        credentials = SigV4.Credentials(
            accessKeyID: required("AWS_ACCESS_KEY_ID"),
            secretAccessKey: required("AWS_SECRET_ACCESS_KEY"),
            sessionToken: value("AWS_SESSION_TOKEN"))
        let amazon = S3Endpoint(
            scheme: "https", authority: "\(bucket).s3.\(region).amazonaws.com",
            isPathStyle: false)
        let name = value("AWS_ENDPOINT_URL_S3") == nil ? "AWS_ENDPOINT_URL" : "AWS_ENDPOINT_URL_S3"
        var own = amazon
        if let text = value(name) {
            if let parsed = S3Endpoint(url: text) {
                own = parsed
            } else {
                faults.append(
                    "\(name) is not an http or https URL without a path: \(withoutUser(text)).")
            }
        }
        endpoint = own
        clientEndpoint = own
        if let text = value("SPOOL_PUBLIC_S3_URL") {
            if let parsed = S3Endpoint(url: text) {
                clientEndpoint = parsed
            } else {
                faults.append(
                    "SPOOL_PUBLIC_S3_URL is not an http or https URL: \(withoutUser(text)).")
            }
        }
        guard faults.isEmpty else { throw S3ConfigurationError(faults: faults) }
    }
}

/// A URL as it may stand in a log: a user's name and password are left out.
private func withoutUser(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    return "…" + url[at...]
}

/// Every variable that is missing or malformed.
package struct S3ConfigurationError: Error, Sendable, CustomStringConvertible {
    package var faults: [String]
    package var description: String { faults.joined(separator: " ") }
}

/// Scheme, host and port of a store, and how a bucket is named there.
package struct S3Endpoint: Sendable, Hashable {
    package var scheme: String
    /// Host and port as they stand in a URL; holds the bucket unless path style.
    package var authority: String
    package var isPathStyle: Bool

    package init(scheme: String, authority: String, isPathStyle: Bool) {
        self.scheme = scheme
        self.authority = authority
        self.isPathStyle = isPathStyle
    }

    /// - Returns: nil unless the text is `http(s)://host[:port]`, with at most
    ///   a slash behind it.
    package init?(url: String) {
        for scheme in ["http", "https"] where url.hasPrefix("\(scheme)://") {
            var rest = url.dropFirst(scheme.count + 3)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            guard !rest.isEmpty, !rest.contains(where: { "/?#@ ".contains($0) }) else {
                return nil
            }
            // A signature covers the Host header, which never names the
            // scheme's own port.
            let ownPort = scheme == "http" ? ":80" : ":443"
            let authority = rest.hasSuffix(ownPort) ? rest.dropLast(ownPort.count) : rest
            self.init(scheme: scheme, authority: String(authority), isPathStyle: true)
            return
        }
        return nil
    }

    /// The percent-encoded path of a key, or of the bucket itself for an empty one.
    func path(bucket: String, key: String) -> String {
        let encoded = uriEncode(key, keepingSlash: true)
        return isPathStyle ? "/\(uriEncode(bucket))/\(encoded)" : "/\(encoded)"
    }
}
