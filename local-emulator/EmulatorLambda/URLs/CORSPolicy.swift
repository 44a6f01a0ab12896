import EmulatorHTTP

/// The CORS policy of the functions: one for the deployment, or the settings of a function's URL.
struct CORSPolicy: Sendable {
    private let settings: CORSConfiguration
    /// True to allow every requested header.
    private let echoesHeaders: Bool

    private static let allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// Creates the deployment's policy: every method and header for these origins.
    /// - Parameter allowedOrigins: patterns of `PageOrigin.isAllowed`.
    init(allowedOrigins: [String], maxAge: Duration) {
        settings = CORSConfiguration(
            allowOrigins: allowedOrigins,
            exposeHeaders: [
                "Allow", "Content-Disposition", "ETag", "Location", "Retry-After",
                "WWW-Authenticate", "X-Amzn-RequestId",
            ], maxAge: Int(maxAge.components.seconds))
        echoesHeaders = true
    }

    /// Creates a policy from a function URL's settings.
    init(_ settings: CORSConfiguration) {
        self.settings = settings
        echoesHeaders = false
    }

    /// True for a preflight request (Fetch standard, CORS-preflight fetch).
    func isPreflight(_ head: RequestHead) -> Bool {
        head.method == "OPTIONS" && head.headers["Origin"] != nil
            && head.headers["Access-Control-Request-Method"] != nil
    }

    /// Builds the response to a preflight request. The deployment's policy names every method:
    /// a page then reads the 404 or 405 of the request itself.
    func preflight(_ head: RequestHead) -> Response {
        var headers = originHeaders(head)
        guard headers.contains(where: { $0.0 == "Access-Control-Allow-Origin" }) else {
            return Response(status: 204, headers: headers)
        }
        let named = settings.allowMethods.contains("*") ? Self.allMethods : settings.allowMethods
        let allowed = echoesHeaders ? Self.allMethods : named
        if !allowed.isEmpty {
            headers.append(("Access-Control-Allow-Methods", allowed.joined(separator: ",")))
        }
        if let names = allowedHeaders(head) {
            headers.append(("Access-Control-Allow-Headers", names))
        }
        if let age = settings.maxAge { headers.append(("Access-Control-Max-Age", String(age))) }
        return Response(status: 204, headers: headers)
    }

    /// Replaces the function's CORS headers in a response with this policy's.
    func apply(to response: Response, for head: RequestHead) -> Response {
        guard head.headers["Origin"] != nil else { return response }
        var response = response
        response.headers.removeAll { $0.0.lowercased().hasPrefix("access-control-") }
        let origin = originHeaders(head)
        response.headers += origin
        if origin.contains(where: { $0.0 == "Access-Control-Allow-Origin" }),
            !settings.exposeHeaders.isEmpty
        {
            response.headers.append(
                ("Access-Control-Expose-Headers", settings.exposeHeaders.joined(separator: ",")))
        }
        return response
    }

    private func allowedHeaders(_ head: RequestHead) -> String? {
        if echoesHeaders || settings.allowHeaders.contains("*") {
            return head.headers["Access-Control-Request-Headers"]
        }
        return settings.allowHeaders.isEmpty
            ? nil : settings.allowHeaders.joined(separator: ",")
    }

    private func originHeaders(_ head: RequestHead) -> [(String, String)] {
        guard let origin = head.headers["Origin"] else { return [] }
        let isForAll = settings.allowOrigins.contains("*")
        // Browsers reject `*` combined with credentials.
        if isForAll, !settings.allowCredentials { return [("Access-Control-Allow-Origin", "*")] }
        let vary = [("Vary", "Origin")]
        guard isForAll || PageOrigin.isAllowed(origin, by: settings.allowOrigins) else {
            return vary
        }
        let credentials =
            settings.allowCredentials ? [("Access-Control-Allow-Credentials", "true")] : []
        return [("Access-Control-Allow-Origin", origin)] + credentials + vary
    }
}
