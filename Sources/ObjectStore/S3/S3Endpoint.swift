import Signing

/// Scheme, host and port of a store, and its addressing style.
package struct S3Endpoint: Sendable, Hashable {
    /// `http` or `https`.
    package var scheme: String
    /// Host and port as in a URL; includes the bucket unless path style.
    package var authority: String
    /// True if the bucket is in the path instead of the host.
    package var isPathStyle: Bool

    /// Creates an endpoint from its parts.
    package init(scheme: String, authority: String, isPathStyle: Bool) {
        self.scheme = scheme
        self.authority = authority
        self.isPathStyle = isPathStyle
    }

    /// Parses the URL of an endpoint.
    /// - Returns: nil unless the text is `http(s)://host[:port]` with at most one trailing slash.
    package init?(url: String) {
        for scheme in ["http", "https"] where url.hasPrefix("\(scheme)://") {
            var rest = url.dropFirst(scheme.count + 3)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            guard !rest.isEmpty, !rest.contains(where: { "/?#@ ".contains($0) }) else {
                return nil
            }
            // The signed Host header never includes the scheme's default port.
            let ownPort = scheme == "http" ? ":80" : ":443"
            let authority = rest.hasSuffix(ownPort) ? rest.dropLast(ownPort.count) : rest
            self.init(scheme: scheme, authority: String(authority), isPathStyle: true)
            return
        }
        return nil
    }

    /// The AWS endpoint of a region.
    static func amazon(region: String) -> S3Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return S3Endpoint(
            scheme: "https", authority: "s3.\(region).\(domain)", isPathStyle: true)
    }

    /// True if a certificate for `*.s3…` covers the bucket's host: `*` matches one label.
    static func fitsHost(_ bucket: String) -> Bool { !bucket.contains(".") }

    /// The endpoint with the bucket in its host if `byHost` is true.
    func addressing(_ bucket: String, byHost: Bool) -> S3Endpoint {
        guard byHost, isPathStyle else { return self }
        return S3Endpoint(
            scheme: scheme, authority: "\(bucket).\(authority)", isPathStyle: false)
    }

    /// The percent-encoded path of a key; an empty key gives the bucket's path.
    func path(bucket: String, key: String) -> String {
        let encoded = uriEncode(key, keepingSlash: true)
        return isPathStyle ? "/\(uriEncode(bucket))/\(encoded)" : "/\(encoded)"
    }
}
