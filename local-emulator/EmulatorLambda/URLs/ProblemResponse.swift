import EmulatorHTTP
import JSON

/// Builds a problem document (RFC 9457) with the `error` text that front ends read.
func problem(
    _ status: Int, _ title: String, error: String? = nil, detail: String? = nil,
    headers: [(String, String)] = []
) -> Response {
    let document = JSONOutput.compact([
        ("type", .string("about:blank")),
        ("title", .string(title)),
        ("status", .integer(status)),
        ("detail", .string(detail ?? "\(title).")),
        ("errors", .array([])),
        ("error", .string(error ?? title)),
    ])
    return Response(
        status: status, headers: [("Content-Type", "application/problem+json")] + headers,
        body: .bytes(document.bytes))
}

/// Builds a JSON response that caches do not store.
func jsonResponse(
    _ document: JSONOutput, status: Int = 200, headers: [(String, String)] = []
) -> Response {
    Response(
        status: status,
        headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")] + headers,
        body: .bytes(document.bytes))
}
