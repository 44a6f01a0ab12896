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
    /// AWS; such a store is addressed path style, or with the bucket in the host
    /// where `SPOOL_S3_ADDRESSING` is `virtual`.
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
        let amazon = S3Endpoint.amazon(region: region).addressing(
            bucket, byHost: S3Endpoint.fitsHost(bucket))
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
        clientEndpoint = own
        if let text = value("SPOOL_PUBLIC_S3_URL") {
            if let parsed = S3Endpoint(url: text) {
                clientEndpoint = parsed
            } else {
                faults.append(
                    "SPOOL_PUBLIC_S3_URL is not an http or https URL: \(withoutUser(text)).")
            }
        }
        endpoint = own
        switch value("SPOOL_S3_ADDRESSING") {
        case nil, "path": break
        case "virtual":
            endpoint = endpoint.addressing(bucket, byHost: true)
            clientEndpoint = clientEndpoint.addressing(bucket, byHost: true)
        case let other?: faults.append("SPOOL_S3_ADDRESSING is not path or virtual: \(other).")
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

    /// Amazon's own store in a region.
    static func amazon(region: String) -> S3Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return S3Endpoint(
            scheme: "https", authority: "s3.\(region).\(domain)", isPathStyle: true)
    }

    /// Whether a certificate for `*.s3…` covers the bucket's host: a star stands
    /// for one label.
    static func fitsHost(_ bucket: String) -> Bool { !bucket.contains(".") }

    /// The endpoint with the bucket in its host, where that is wanted.
    func addressing(_ bucket: String, byHost: Bool) -> S3Endpoint {
        guard byHost, isPathStyle else { return self }
        return S3Endpoint(
            scheme: scheme, authority: "\(bucket).\(authority)", isPathStyle: false)
    }

    /// The percent-encoded path of a key, or of the bucket itself for an empty one.
    func path(bucket: String, key: String) -> String {
        let encoded = uriEncode(key, keepingSlash: true)
        return isPathStyle ? "/\(uriEncode(bucket))/\(encoded)" : "/\(encoded)"
    }
}
