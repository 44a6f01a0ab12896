/// A function URL's settings (Lambda API, `FunctionUrlConfig`).
package struct FunctionURLConfiguration: Sendable, Equatable, Decodable {
    /// Who may call.
    package enum AuthType: String, Sendable, Decodable {
        /// Anybody.
        case none = "NONE"
        /// Who signs with Signature Version 4, service `lambda`.
        case awsIAM = "AWS_IAM"
    }

    /// How the answer goes out.
    package enum InvokeMode: String, Sendable, Decodable {
        /// When it is whole: at most 6 MB.
        case buffered = "BUFFERED"
        /// As it comes.
        case responseStream = "RESPONSE_STREAM"
    }

    /// `NONE` where the file says nothing.
    package var authType: AuthType
    /// `BUFFERED` where the file says nothing.
    package var invokeMode: InvokeMode
    /// nil: the deployment's own rule for all functions (`FRONTEND_URL`).
    package var cors: CORSConfiguration?

    /// A URL; without arguments it is open to every caller.
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

/// A function URL's CORS settings (Lambda API, `Cors`): headers that are set
/// here override the function's own.
package struct CORSConfiguration: Sendable, Equatable, Decodable {
    /// `*`, or origins such as `https://example.org`; `https://*.example.org`
    /// matches its subdomains.
    package var allowOrigins: [String]
    /// `*` or names.
    package var allowMethods: [String]
    /// `*` or names.
    package var allowHeaders: [String]
    /// Headers that a page may read.
    package var exposeHeaders: [String]
    /// True to allow requests with cookies and credentials.
    package var allowCredentials: Bool
    /// How long a browser keeps the permission, 0 to 86,400; nil: not said.
    package var maxAge: Int?

    /// Longest `maxAge` that Lambda takes.
    static let maxAgeSecondsMax = 86_400

    /// Settings that allow what is named and no more.
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
