import FoundationEssentials

/// The answer of a function URL, payload format 2.0.
package struct FunctionURLResponse: Sendable, Hashable, Codable {
    /// HTTP's, 200 to 599.
    package var statusCode: Int
    /// One value a name; cookies have a field of their own.
    package var headers: [String: String]
    /// Base64 when `isBase64Encoded`.
    package var body: String?
    /// Whether `body` stands for bytes that are not text.
    package var isBase64Encoded: Bool
    /// Each becomes one `Set-Cookie` header; nil for none.
    package var cookies: [String]?

    /// An answer as it is written into JSON.
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

    /// An answer of any bytes; base64 is used only for what is not UTF-8.
    package init(
        statusCode: Int, contentType: String, bodyBytes: [UInt8], headers: [String: String] = [:]
    ) {
        let encoded = EncodedBody(bodyBytes)
        self.init(
            statusCode: statusCode,
            headers: headers.merging(["content-type": contentType]) { _, new in new },
            body: encoded.text, isBase64Encoded: encoded.isBase64)
    }

    /// The body as the client will get it; nil when it is broken base64.
    package var bodyBytes: [UInt8]? {
        guard isBase64Encoded else { return Array((body ?? "").utf8) }
        return Data(base64Encoded: body ?? "").map(Array.init)
    }

    private enum CodingKeys: String, CodingKey {
        case statusCode, headers, body, isBase64Encoded, cookies
    }

    /// Reads an answer; only `statusCode` must be there.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        statusCode = try fields.decode(Int.self, forKey: .statusCode)
        headers = try fields.decodeIfPresent([String: String].self, forKey: .headers) ?? [:]
        body = try fields.decodeIfPresent(String.self, forKey: .body)
        isBase64Encoded = try fields.decodeIfPresent(Bool.self, forKey: .isBase64Encoded) ?? false
        cookies = try fields.decodeIfPresent([String].self, forKey: .cookies)
    }
}
