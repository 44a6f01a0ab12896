import FoundationEssentials

/// A request to a function URL or an HTTP API, payload format 2.0.
///
/// Source: "Invoking Lambda function URLs", request payload format. Missing
/// fields are read as empty, unknown fields are ignored.
package struct FunctionURLRequest: Sendable, Hashable, Codable {
    /// Method in upper case (`requestContext.http.method`).
    package var method: String
    /// Path from the first `/`, percent-encoded.
    package var rawPath: String
    /// Query without `?`, percent-encoded; empty when absent.
    package var rawQueryString: String
    /// Headers by lower-case name; repeated values are joined by a comma.
    package var headers: [String: String]
    /// Decoded query parameters; repeated values are joined by a comma.
    package var queryStringParameters: [String: String]
    /// Values of the route's `{name}` parts; empty for a function URL.
    package var pathParameters: [String: String]
    /// Cookies, each as `name=value`.
    package var cookies: [String]
    /// The body as the client sent it, decoded from base64.
    package var bodyBytes: [UInt8]
    /// Address of the client (`requestContext.http.sourceIp`).
    package var sourceIP: String
    /// Request ID (`requestContext.requestId`).
    package var requestID: String

    /// A request, for tests of handlers.
    package init(
        method: String, rawPath: String, rawQueryString: String = "",
        headers: [String: String] = [:], queryStringParameters: [String: String] = [:],
        pathParameters: [String: String] = [:], cookies: [String] = [], bodyBytes: [UInt8] = [],
        sourceIP: String = "127.0.0.1", requestID: String = ""
    ) {
        self.method = method
        self.rawPath = rawPath
        self.rawQueryString = rawQueryString
        self.headers = headers
        self.queryStringParameters = queryStringParameters
        self.pathParameters = pathParameters
        self.cookies = cookies
        self.bodyBytes = bodyBytes
        self.sourceIP = sourceIP
        self.requestID = requestID
    }

    private enum CodingKeys: String, CodingKey {
        case version, routeKey, rawPath, rawQueryString, headers, queryStringParameters
        case pathParameters, cookies, body, isBase64Encoded, requestContext
    }

    private struct RequestContext: Codable {
        struct HTTP: Codable {
            var method: String
            var path: String?
            var sourceIp: String?
        }
        var http: HTTP
        var requestId: String?
    }

    /// Reads an event.
    /// - Throws: `DecodingError` when method or path is missing, a field has the wrong
    ///   type, or the body is not valid base64 where declared.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let context = try fields.decode(RequestContext.self, forKey: .requestContext)
        method = context.http.method.uppercased()
        sourceIP = context.http.sourceIp ?? ""
        requestID = context.requestId ?? ""
        rawPath =
            try fields.decodeIfPresent(String.self, forKey: .rawPath)
            ?? context.http.path ?? "/"
        rawQueryString = try fields.decodeIfPresent(String.self, forKey: .rawQueryString) ?? ""
        let sentHeaders = try fields.decodeIfPresent([String: String].self, forKey: .headers)
        headers = Dictionary(
            (sentHeaders ?? [:]).map { ($0.key.lowercased(), $0.value) },
            uniquingKeysWith: { "\($0),\($1)" })
        queryStringParameters =
            try fields.decodeIfPresent([String: String].self, forKey: .queryStringParameters) ?? [:]
        pathParameters =
            try fields.decodeIfPresent([String: String].self, forKey: .pathParameters) ?? [:]
        cookies = try fields.decodeIfPresent([String].self, forKey: .cookies) ?? []
        let body = try fields.decodeIfPresent(String.self, forKey: .body) ?? ""
        guard try fields.decodeIfPresent(Bool.self, forKey: .isBase64Encoded) ?? false else {
            bodyBytes = Array(body.utf8)
            return
        }
        guard let data = Data(base64Encoded: body) else {
            throw DecodingError.dataCorruptedError(
                forKey: .body, in: fields, debugDescription: "The body is not base64.")
        }
        bodyBytes = Array(data)
    }

    /// Writes an event that `init(from:)` reads as an equal request.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode("2.0", forKey: .version)
        try fields.encode("$default", forKey: .routeKey)
        try fields.encode(rawPath, forKey: .rawPath)
        try fields.encode(rawQueryString, forKey: .rawQueryString)
        try fields.encode(headers, forKey: .headers)
        if !queryStringParameters.isEmpty {
            try fields.encode(queryStringParameters, forKey: .queryStringParameters)
        }
        if !pathParameters.isEmpty { try fields.encode(pathParameters, forKey: .pathParameters) }
        if !cookies.isEmpty { try fields.encode(cookies, forKey: .cookies) }
        let body = EncodedBody(bodyBytes)
        if !bodyBytes.isEmpty { try fields.encode(body.text, forKey: .body) }
        try fields.encode(body.isBase64, forKey: .isBase64Encoded)
        let http = RequestContext.HTTP(method: method, path: rawPath, sourceIp: sourceIP)
        try fields.encode(
            RequestContext(http: http, requestId: requestID), forKey: .requestContext)
    }
}

/// Bytes as a JSON string: text if they are UTF-8, else base64.
struct EncodedBody: Sendable, Hashable {
    var text: String
    var isBase64: Bool

    init(_ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self.text = text
            isBase64 = false
        } else {
            text = Data(bytes).base64EncodedString()
            isBase64 = true
        }
    }
}
