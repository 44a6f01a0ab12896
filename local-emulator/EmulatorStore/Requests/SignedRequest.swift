import Crypto
import EmulatorHTTP
import Signing

/// The signed parts of a request, for Signature Version 4 ("Create a signed AWS API request").
struct SignedRequest {
    var request: S3Request
    var scope: Scope
    var date: String
    /// Names as the client lists them: lower-case, joined by semicolons.
    var signedHeaders: String
    var payload: String

    /// The string to sign, with the path as sent or in its canonical encoding.
    func stringToSign(pathAsSent: Bool) -> String {
        let sent = request.head.path
        let path = pathAsSent ? sent : uriDecode(sent).map { uriEncode($0, keepingSlash: true) }
        let headers = signedHeaders.split(separator: ";").map { name in
            let values = request.head.headers.values(of: String(name))
            return (name: String(name), value: values.joined(separator: ","))
        }
        let canonical = SigV4.CanonicalRequest(
            method: request.head.method, path: path ?? sent,
            query: request.parameters.filter { $0.name != "X-Amz-Signature" }, headers: headers,
            payloadHash: payload)
        return SigV4.stringToSign(canonical, timestamp: date, scope: scope.value)
    }

    /// The string to sign of Signature Version 2 in a query.
    /// - Parameter expires: Unix time in seconds, as in the query.
    static func version2(_ request: S3Request, expires: Int) -> String {
        let headers = request.head.headers
        let names = Set(headers.fields.map(\.lowercasedName).filter { $0.hasPrefix("x-amz-") })
        let amazon = names.sorted().map { name in
            "\(name):\(headers.values(of: name).joined(separator: ","))\n"
        }
        let resources = request.parameters.filter { version2Resources.contains($0.name) }
            .sorted { $0.name < $1.name }
            .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        let path =
            request.head.path
            + (resources.isEmpty ? "" : "?" + resources.joined(separator: "&"))
        return [
            request.head.method, headers["content-md5"] ?? "", headers["content-type"] ?? "",
            String(expires), amazon.joined() + path,
        ].joined(separator: "\n")
    }

    private static let version2Resources: Set<String> = [
        "acl", "cors", "delete", "lifecycle", "location", "logging", "notification",
        "partNumber", "policy", "requestPayment", "tagging", "torrent", "uploadId", "uploads",
        "versionId", "versioning", "versions", "website", "response-cache-control",
        "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires",
    ]
}
