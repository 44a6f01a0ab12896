import FoundationEssentials

/// A response of a function URL, payload format 2.0.
package struct FunctionURLResponse: Sendable, Hashable, Codable {
    /// Status code, 200 to 599.
    package var statusCode: Int
    /// One value for each name; cookies are in `cookies`.
    package var headers: [String: String]
    /// The body, in base64 if `isBase64Encoded`.
    package var body: String?
    /// True if `body` is base64 of bytes that are not text.
    package var isBase64Encoded: Bool
    /// Each becomes one `Set-Cookie` header; nil for none.
    package var cookies: [String]?

    /// A response with these fields.
    package init(
        statusCode: Int, headers: [String: String] = [:], body: String? = nil,
        isBase64Encoded: Bool = false, cookies: [String]? = nil
    ) {
        self.statusCode = statusCode
        self.headers = headers
        self.body = body
        self.isBase64Encoded = isBase64Encoded
        self.cookies = cookies
    }

    /// A response with a body of any bytes; base64 is used unless they are UTF-8.
    package init(
        statusCode: Int, contentType: String, bodyBytes: [UInt8], headers: [String: String] = [:]
    ) {
        let encoded = EncodedBody(bodyBytes)
        self.init(
            statusCode: statusCode,
            headers: headers.merging(["content-type": contentType]) { _, new in new },
            body: encoded.text, isBase64Encoded: encoded.isBase64)
    }

    /// The body as the client receives it; nil for invalid base64.
    package var bodyBytes: [UInt8]? {
        guard isBase64Encoded else { return Array((body ?? "").utf8) }
        return Data(base64Encoded: body ?? "").map(Array.init)
    }

    private enum CodingKeys: String, CodingKey {
        case statusCode, headers, body, isBase64Encoded, cookies
    }

    /// Reads a response; only `statusCode` is required.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        statusCode = try fields.decode(Int.self, forKey: .statusCode)
        headers = try fields.decodeIfPresent([String: String].self, forKey: .headers) ?? [:]
        body = try fields.decodeIfPresent(String.self, forKey: .body)
        isBase64Encoded = try fields.decodeIfPresent(Bool.self, forKey: .isBase64Encoded) ?? false
        cookies = try fields.decodeIfPresent([String].self, forKey: .cookies)
    }
}
