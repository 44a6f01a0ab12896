import EmulatorHTTP

/// Which pages of other origins may call the functions (function URL CORS).
struct CORSPolicy: Sendable {
    /// `*` or a list.
    var allowedOrigins: [String]

    private static let exposedHeaders = "ETag,Location,Retry-After,X-Amzn-RequestId"
    private static let maximumAgeSeconds = 600

    /// Whether a request asks for permission instead of the thing itself.
    func isPreflight(_ head: RequestHead) -> Bool {
        head.method == "OPTIONS" && head.headers["Origin"] != nil
            && head.headers["Access-Control-Request-Method"] != nil
    }

    /// The answer to a preflight request.
    func preflight(_ head: RequestHead, methods: [String]) -> Response {
        var headers = originHeaders(head)
        if !headers.isEmpty {
            headers.append(("Access-Control-Allow-Methods", methods.joined(separator: ",")))
            if let asked = head.headers["Access-Control-Request-Headers"] {
                headers.append(("Access-Control-Allow-Headers", asked))
            }
            headers.append(("Access-Control-Max-Age", String(Self.maximumAgeSeconds)))
        }
        return Response(status: 204, headers: headers)
    }

    /// The response with this policy's headers in place of the function's own.
    func apply(to response: Response, for head: RequestHead) -> Response {
        guard head.headers["Origin"] != nil else { return response }
        var response = response
        response.headers.removeAll { $0.0.lowercased().hasPrefix("access-control-") }
        let origin = originHeaders(head)
        response.headers += origin
        if !origin.isEmpty {
            response.headers.append(("Access-Control-Expose-Headers", Self.exposedHeaders))
        }
        return response
    }

    private func originHeaders(_ head: RequestHead) -> [(String, String)] {
        guard let origin = head.headers["Origin"] else { return [] }
        if allowedOrigins.contains("*") { return [("Access-Control-Allow-Origin", "*")] }
        let vary = [("Vary", "Origin")]
        guard allowedOrigins.contains(origin) else { return vary }
        return [("Access-Control-Allow-Origin", origin)] + vary
    }
}
