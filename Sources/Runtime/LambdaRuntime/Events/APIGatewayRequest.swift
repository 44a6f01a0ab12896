import FoundationEssentials

/// A request to an API Gateway REST API, or to an HTTP API with payload format
/// 1.0, translated to format 2.0.
///
/// Source: "Working with AWS Lambda proxy integrations for HTTP APIs", payload
/// format version 1.0, Amazon API Gateway Developer Guide.
package struct APIGatewayRequest: Sendable, Hashable, Decodable {
    /// The request in payload format 2.0.
    package var request: FunctionURLRequest

    /// A request, for tests of handlers.
    package init(request: FunctionURLRequest) { self.request = request }

    enum CodingKeys: String, CodingKey {
        case path, httpMethod, headers, multiValueHeaders, queryStringParameters
        case multiValueQueryStringParameters, pathParameters, requestContext, body
        case isBase64Encoded
    }

    private struct RequestContext: Decodable {
        struct Identity: Decodable { var sourceIp: String? }
        var identity: Identity?
        var requestId: String?
    }

    /// Reads an event.
    /// - Throws: `DecodingError` when method or path is missing, a field has the wrong
    ///   type, or the body is not valid base64 where declared.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let context = try fields.decodeIfPresent(RequestContext.self, forKey: .requestContext)
        var headers = try Self.values(fields, .multiValueHeaders, .headers)
        // Clients differ in the case of header names.
        headers = Dictionary(
            headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $0 + $1 })
        let cookies = headers.removeValue(forKey: "cookie") ?? []
        let query = try Self.values(
            fields, .multiValueQueryStringParameters, .queryStringParameters)
        request = FunctionURLRequest(
            method: try fields.decode(String.self, forKey: .httpMethod).uppercased(),
            rawPath: try fields.decode(String.self, forKey: .path),
            rawQueryString: Self.queryString(query),
            headers: headers.mapValues { $0.joined(separator: ",") },
            queryStringParameters: query.mapValues { $0.joined(separator: ",") },
            pathParameters: try fields.decodeIfPresent(
                [String: String].self, forKey: .pathParameters) ?? [:],
            cookies: cookies.flatMap { header in
                header.split(separator: ";").map { String($0.drop { $0 == " " }) }
            },
            bodyBytes: try Self.body(fields), sourceIP: context?.identity?.sourceIp ?? "",
            requestID: context?.requestId ?? "")
    }

    /// The multi-value fields if present, else the single values.
    private static func values(
        _ fields: KeyedDecodingContainer<CodingKeys>, _ many: CodingKeys, _ one: CodingKeys
    ) throws -> [String: [String]] {
        if let lists = try fields.decodeIfPresent([String: [String]].self, forKey: many) {
            return lists
        }
        return try (fields.decodeIfPresent([String: String].self, forKey: one) ?? [:])
            .mapValues { [$0] }
    }

    private static func body(_ fields: KeyedDecodingContainer<CodingKeys>) throws -> [UInt8] {
        let body = try fields.decodeIfPresent(String.self, forKey: .body) ?? ""
        guard try fields.decodeIfPresent(Bool.self, forKey: .isBase64Encoded) ?? false else {
            return Array(body.utf8)
        }
        guard let data = Data(base64Encoded: body) else {
            throw DecodingError.dataCorruptedError(
                forKey: .body, in: fields, debugDescription: "The body is not base64.")
        }
        return Array(data)
    }

    /// A query that decodes to these parameters: this format has no raw query.
    private static func queryString(_ query: [String: [String]]) -> String {
        query.sorted { $0.key < $1.key }.flatMap { name, values in
            values.map { "\(FormEncoding.encode(name))=\(FormEncoding.encode($0))" }
        }.joined(separator: "&")
    }
}

/// A response in payload format 1.0, which has no field for cookies.
package struct APIGatewayResponse: Sendable, Hashable, Encodable {
    private var statusCode: Int
    private var headers: [String: String]
    private var multiValueHeaders: [String: [String]]?
    private var body: String
    private var isBase64Encoded: Bool

    /// Translates a response of format 2.0.
    package init(_ response: FunctionURLResponse) {
        statusCode = response.statusCode
        headers = response.headers
        multiValueHeaders = response.cookies.map { ["set-cookie": $0] }
        body = response.body ?? ""
        isBase64Encoded = response.isBase64Encoded
    }
}
