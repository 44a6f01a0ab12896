/// The settings of a function URL (Lambda API, `FunctionUrlConfig`).
package struct FunctionURLConfiguration: Sendable, Equatable, Decodable {
    /// The callers that are permitted.
    package enum AuthType: String, Sendable, Decodable {
        /// All callers.
        case none = "NONE"
        /// Callers that sign with Signature Version 4, service `lambda`.
        case awsIAM = "AWS_IAM"
    }

    /// The delivery of a response.
    package enum InvokeMode: String, Sendable, Decodable {
        /// The complete response, at most 6 MB.
        case buffered = "BUFFERED"
        /// The response while it is produced.
        case responseStream = "RESPONSE_STREAM"
    }

    /// The auth type; `NONE` by default.
    package var authType: AuthType
    /// The invoke mode; `BUFFERED` by default.
    package var invokeMode: InvokeMode
    /// The CORS settings; nil for the deployment's policy (`FRONTEND_URL`).
    package var cors: CORSConfiguration?

    /// Creates settings; by default the URL is open to all callers.
    package init(
        authType: AuthType = .none, invokeMode: InvokeMode = .buffered,
        cors: CORSConfiguration? = nil
    ) {
        self.authType = authType
        self.invokeMode = invokeMode
        self.cors = cors
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        authType = try values.decodeIfPresent(AuthType.self, forKey: .authType) ?? .none
        invokeMode = try values.decodeIfPresent(InvokeMode.self, forKey: .invokeMode) ?? .buffered
        cors = try values.decodeIfPresent(CORSConfiguration.self, forKey: .cors)
    }

    private enum Key: String, CodingKey { case authType, invokeMode, cors }
}

/// The CORS settings of a function URL (Lambda API, `Cors`). The headers set here
/// override the function's.
package struct CORSConfiguration: Sendable, Equatable, Decodable {
    /// Permitted origins: `*`, or origins such as `https://example.org`;
    /// `https://*.example.org` matches its subdomains.
    package var allowOrigins: [String]
    /// Permitted methods: `*` or names.
    package var allowMethods: [String]
    /// Permitted request headers: `*` or names.
    package var allowHeaders: [String]
    /// Response headers that a page may read.
    package var exposeHeaders: [String]
    /// True to allow requests with cookies and credentials.
    package var allowCredentials: Bool
    /// Seconds that a browser caches the permission, 0 to 86,400; nil omits the header.
    package var maxAge: Int?

    /// Lambda's limit of `maxAge` in seconds.
    static let maxAgeSecondsMax = 86_400

    /// Creates settings that allow only the values given.
    package init(
        allowOrigins: [String] = [], allowMethods: [String] = [], allowHeaders: [String] = [],
        exposeHeaders: [String] = [], allowCredentials: Bool = false, maxAge: Int? = nil
    ) {
        self.allowOrigins = allowOrigins
        self.allowMethods = allowMethods
        self.allowHeaders = allowHeaders
        self.exposeHeaders = exposeHeaders
        self.allowCredentials = allowCredentials
        self.maxAge = maxAge
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        func list(_ key: Key) throws -> [String] {
            try values.decodeIfPresent([String].self, forKey: key) ?? []
        }
        allowOrigins = try list(.allowOrigins)
        allowMethods = try list(.allowMethods)
        allowHeaders = try list(.allowHeaders)
        exposeHeaders = try list(.exposeHeaders)
        allowCredentials =
            try values.decodeIfPresent(Bool.self, forKey: .allowCredentials) ?? false
        maxAge = try values.decodeIfPresent(Int.self, forKey: .maxAge)
    }

    private enum Key: String, CodingKey {
        case allowOrigins, allowMethods, allowHeaders, exposeHeaders, allowCredentials, maxAge
    }
}
