import EmulatorHTTP
import FoundationEssentials
import Glibc
import JSON
import WallClock

/// The function, path and route that a request is resolved to.
struct FunctionURLTarget: Sendable {
    var function: String
    /// The percent-encoded path that the function receives.
    var rawPath: String
    /// `$default`, or a route such as `POST /api/export`.
    var routeKey = "$default"
    var pathParameters: [String: String] = [:]
}

/// Builds the event of a request, payload format 2.0 (Lambda function URLs,
/// "Request payload format"). Text is passed as is, other bytes as base64; the media type
/// decides, as on AWS.
func functionURLPayload(
    _ head: RequestHead, body: [UInt8], target: FunctionURLTarget, caller: SignedCaller? = nil,
    requestID: String, now: UnixTime
) -> [UInt8] {
    var names: [String] = []
    var values: [String: String] = [:]
    for field in head.headers.fields where field.lowercasedName != "cookie" {
        if let before = values[field.lowercasedName] {
            values[field.lowercasedName] = before + "," + field.value
        } else {
            names.append(field.lowercasedName)
            values[field.lowercasedName] = field.value
        }
    }
    let cookies = head.headers.values(of: "cookie").flatMap { line in
        line.split(separator: ";").map { String($0.trimmingPrefix { $0 == " " }) }
    }
    let text = textBody(of: head, body)
    let query = QueryString(head.query).joined
    let domain = head.headers["Host"] ?? "localhost"
    let http = JSONOutput.compact([
        ("method", .string(head.method)),
        ("path", .string(target.rawPath)),
        ("protocol", .string("HTTP/1.1")),
        ("sourceIp", .string(head.remoteAddress)),
        ("userAgent", .optional(head.headers["User-Agent"])),
    ])
    let context = JSONOutput.object([
        ("accountId", .string(caller?.accountID ?? "anonymous")),
        ("apiId", .string(target.function)),
        ("authentication", .null),
        ("authorizer", caller.map(authorizer) ?? .null),
        ("domainName", .string(domain)),
        ("domainPrefix", .string(target.function)),
        ("http", http),
        ("requestId", .string(requestID)),
        ("routeKey", .string(target.routeKey)),
        ("stage", .string("$default")),
        ("time", .string(now.commonLog)),
        ("timeEpoch", .integer(now.milliseconds)),
    ])
    func object(_ pairs: [(String, String)]) -> JSONOutput {
        .object(pairs.map { ($0.0, .string($0.1)) })
    }
    return JSONOutput.compact([
        ("version", .string("2.0")),
        ("routeKey", .string(target.routeKey)),
        ("rawPath", .string(target.rawPath)),
        ("rawQueryString", .string(head.query ?? "")),
        ("cookies", cookies.isEmpty ? nil : .array(cookies.map { .string($0) })),
        ("headers", object(names.map { ($0, values[$0] ?? "") })),
        ("queryStringParameters", query.isEmpty ? nil : object(query)),
        (
            "pathParameters",
            target.pathParameters.isEmpty
                ? nil : object(target.pathParameters.sorted { $0.key < $1.key })
        ),
        ("requestContext", context),
        (
            "body",
            body.isEmpty ? nil : .string(text ?? Data(body).base64EncodedString())
        ),
        ("isBase64Encoded", .boolean(text == nil)),
    ]).bytes
}

/// True for the media types that AWS passes as text; a form and a request without a type are
/// not among them.
private func isTextType(_ contentType: String?) -> Bool {
    let type = (contentType ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    return type.hasPrefix("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(type)
}

/// The body as text; nil for one that is passed as base64.
private func textBody(of head: RequestHead, _ body: [UInt8]) -> String? {
    guard body.isEmpty || isTextType(head.headers["Content-Type"]) else { return nil }
    return String(validating: body, as: UTF8.self)
}

/// Number of bytes of a body in its event: as a JSON string if it is text, else as base64.
func jsonBytes(ofBody body: [UInt8], of head: RequestHead) -> Int {
    textBody(of: head, body).map(JSONText.byteCount) ?? (body.count + 2) / 3 * 4 + 2
}

/// True if the bytes may contain `statusCode`, far cheaper than decoding the
/// document. An escaped name contains a backslash.
private func mayHaveStatus(_ result: [UInt8]) -> Bool {
    holds(result, "statusCode") || holds(result, "\\u")
}

private func holds(_ bytes: [UInt8], _ word: StaticString) -> Bool {
    bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return false }
        let last = bytes.count - word.utf8CodeUnitCount
        var index = 0
        while index <= last,
            let found = memchr(start + index, Int32(word.utf8Start.pointee), last - index + 1)
        {
            if memcmp(found, word.utf8Start, word.utf8CodeUnitCount) == 0 { return true }
            index = UnsafeRawPointer(found) - start + 1
        }
        return false
    }
}

/// The caller of an AWS_IAM function URL, in the event's form.
private func authorizer(_ caller: SignedCaller) -> JSONOutput {
    .object([
        (
            "iam",
            .object([
                ("accessKey", .string(caller.accessKeyID)),
                ("accountId", .string(caller.accountID)),
                ("callerId", .string(caller.accessKeyID)),
                ("cognitoIdentity", .null),
                ("principalOrgId", .null),
                ("userArn", .string(caller.userARN)),
                ("userId", .string(caller.accessKeyID)),
            ])
        )
    ])
}

/// Converts a function's result to a response (payload 2.0). A document without
/// `statusCode` is the body of a 200; otherwise its members form the response.
/// - Returns: nil if the result has a `statusCode` but is malformed.
func functionURLResponse(_ result: [UInt8]) -> Response? {
    let data = Data(result)
    guard mayHaveStatus(result),
        let probe = try? JSONDecoder().decode(StatusProbe.self, from: data), probe.isPresent
    else {
        return Response(
            status: 200, headers: [("Content-Type", "application/json")], body: .bytes(result))
    }
    guard let document = try? JSONDecoder().decode(FunctionURLResult.self, from: data),
        (200...599).contains(document.statusCode)
    else { return nil }
    var headers = responseHeaders(document.headers ?? [:], cookies: document.cookies ?? [])
    if !headers.contains(where: { $0.0.lowercased() == "content-type" }), document.body != nil {
        headers.append(("Content-Type", "application/json"))
    }
    let bytes: [UInt8]
    if document.isBase64Encoded == true {
        guard let decoded = Data(base64Encoded: document.body ?? "") else { return nil }
        bytes = Array(decoded)
    } else {
        bytes = Array((document.body ?? "").utf8)
    }
    return Response(
        status: document.statusCode, headers: headers, body: bytes.isEmpty ? .none : .bytes(bytes))
}

/// A function's headers and cookies without those that the server sets or that
/// are not valid in a header.
func responseHeaders(
    _ fields: [String: HeaderText], cookies: [String]
) -> [(String, String)] {
    var headers: [(String, String)] = []
    for (name, value) in fields.sorted(by: { $0.key < $1.key })
    where !forbiddenHeaders.contains(name.lowercased()) && isFieldText(name)
        && isFieldText(value.text)
    {
        headers.append((name, value.text))
    }
    for cookie in cookies where isFieldText(cookie) { headers.append(("Set-Cookie", cookie)) }
    return headers
}

/// Headers set by the server only.
private let forbiddenHeaders: Set<String> = [
    "content-length", "transfer-encoding", "connection", "date", "keep-alive",
]

private func isFieldText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
}

private struct StatusProbe: Decodable {
    var isPresent: Bool
    private enum Key: String, CodingKey { case statusCode }
    init(from decoder: any Decoder) throws {
        isPresent = try decoder.container(keyedBy: Key.self).contains(.statusCode)
    }
}

private struct FunctionURLResult: Decodable {
    var statusCode: Int
    var headers: [String: HeaderText]?
    var body: String?
    var isBase64Encoded: Bool?
    var cookies: [String]?
}

/// The value of a header; numbers and booleans are converted to text.
struct HeaderText: Decodable {
    var text: String
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self.text = text
        } else if let number = try? value.decode(Int.self) {
            text = String(number)
        } else {
            text = String(try value.decode(Bool.self))
        }
    }
}
