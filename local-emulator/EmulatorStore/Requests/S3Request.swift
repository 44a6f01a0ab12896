import EmulatorHTTP
import Signing

/// A request with its decoded bucket, key and query parameters.
struct S3Request: Sendable {
    var head: RequestHead
    /// Unique for the server's lifetime and sent to the client.
    var requestID: String
    /// nil for a request to the service.
    var bucket: String?
    /// UTF-8 bytes; nil for a request to the bucket.
    var key: [UInt8]?
    var parameters: [(name: String, value: String)]
    /// The head's fields, then the `x-amz-` names of the query: S3 reads both, since a presigned URL
    /// can carry headers.
    private(set) var headers: HeaderFields

    /// Decodes the target of a request.
    /// - Throws: `.invalidURI`, `.keyTooLongError`.
    init(_ head: RequestHead, requestID: String) throws(S3Error) {
        self.head = head
        self.requestID = requestID
        headers = head.headers
        let path = head.path.dropFirst()
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let first = parts.first, !first.isEmpty { bucket = try Self.text(first) }
        if bucket != nil, parts.count > 1, !parts[1].isEmpty {
            let text = try Self.text(parts[1])
            guard text.utf8.count <= 1_024 else {
                throw S3Error(.keyTooLongError, "Your key is too long")
            }
            key = Array(text.utf8)
        }
        parameters = []
        for pair in (head.query ?? "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append(
                (
                    try Self.text(sides[0], plusIsSpace: true),
                    sides.count > 1 ? try Self.text(sides[1], plusIsSpace: true) : ""
                ))
        }
        for (name, value) in parameters {
            let name = name.lowercased()
            guard name.hasPrefix("x-amz-"), !Self.signatureNames.contains(name),
                headers[name] == nil
            else { continue }
            headers.append(name, value)
        }
    }

    /// The names of Signature Version 4 in a query.
    private static let signatureNames: Set<String> = [
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
        "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token", "x-amz-content-sha256",
    ]

    var keyText: String { String(decoding: key ?? [], as: UTF8.self) }

    /// The first value of a query parameter.
    subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    func has(_ name: String) -> Bool { parameters.contains { $0.name == name } }

    func header(_ name: String) -> String? { headers[name] }

    private static func text(
        _ encoded: Substring, plusIsSpace: Bool = false
    ) throws(S3Error) -> String {
        guard let text = uriDecode(String(encoded), plusIsSpace: plusIsSpace) else {
            throw S3Error(.invalidURI, "Couldn't parse the specified URI.")
        }
        return text
    }
}
