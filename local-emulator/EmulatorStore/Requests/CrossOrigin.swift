import Crypto
import EmulatorHTTP

/// Decides which pages may call the store (Fetch standard, "CORS protocol").
///
/// Requests are signed, never authorised by cookies, so any origin may be allowed.
struct CrossOrigin: Sendable {
    /// Allowed origins, as patterns of `PageOrigin.isAllowed`; `*` allows all.
    var allowedOrigins: [String]
    /// A bucket's own rules replace the defaults.
    var rules: BucketCORS?

    private static let methods = "GET, PUT, HEAD, POST, DELETE"
    private static let exposed =
        "ETag, Content-Length, Content-Range, Accept-Ranges, Last-Modified, x-amz-request-id, "
        + "x-amz-meta-*, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, "
        + "x-amz-checksum-sha1, x-amz-checksum-sha256, Location"

    /// Response headers that let a page read the response; empty without an `Origin`.
    func headers(for head: RequestHead) -> [(String, String)] {
        guard let origin = head.headers["origin"] else { return [] }
        let vary = ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        if let rules {
            let method = head.headers["access-control-request-method"] ?? head.method
            let asked = (head.headers["access-control-request-headers"] ?? "")
                .split(separator: ",").map { String($0.filter { $0 != " " }) }
            let rule = rules.rule(origin: origin, method: method, headers: asked)
            return (rule?.fields(origin: origin) ?? []) + [vary]
        }
        guard let allowed = allowed(origin) else { return [vary] }
        return [
            ("Access-Control-Allow-Origin", allowed),
            ("Access-Control-Expose-Headers", Self.exposed), vary,
        ]
    }

    /// Response to OPTIONS, which needs no signature.
    func preflight(_ head: RequestHead, requestID: String) -> Response {
        guard head.headers["origin"] != nil,
            let method = head.headers["access-control-request-method"]
        else {
            return Self.refusal(
                S3Error(.invalidRequest, "Insufficient information. Origin request header needed."),
                head, requestID)
        }
        let headers = headers(for: head)
        let isKnown = rules != nil || Self.methods.split(separator: ", ").contains(method[...])
        guard headers.count > 1, isKnown else {
            return Self.refusal(
                S3Error(.accessDenied, "CORSResponse: This CORS request is not allowed."), head,
                requestID, headers: headers)
        }
        var fields = headers + [("x-amz-request-id", requestID)]
        if rules == nil {
            fields += [
                ("Access-Control-Allow-Methods", Self.methods), ("Access-Control-Max-Age", "3600"),
            ]
        }
        if let asked = head.headers["access-control-request-headers"] {
            fields.append(("Access-Control-Allow-Headers", asked))
        }
        return Response(status: 200, headers: fields)
    }

    private func allowed(_ origin: String) -> String? {
        if allowedOrigins.contains("*") { return "*" }
        return PageOrigin.isAllowed(origin, by: allowedOrigins) ? origin : nil
    }

    private static func refusal(
        _ error: S3Error, _ head: RequestHead, _ requestID: String,
        headers: [(String, String)] = []
    ) -> Response {
        let document = XMLText(error: error, resource: head.path, requestID: requestID).bytes
        return Response(
            status: error.code.status,
            headers: headers + [
                ("Content-Type", "application/xml"), ("x-amz-request-id", requestID),
            ], body: .bytes(document))
    }
}
