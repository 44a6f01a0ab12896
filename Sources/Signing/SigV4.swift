import Crypto
import WallClock

/// AWS Signature Version 4 as pure functions: clients sign with them and servers verify with them.
///
/// Source: AWS General Reference, "Signature Version 4 signing process", and
/// the S3 API Reference, "Authenticating Requests".
package enum SigV4 {
    /// The algorithm's name in headers and queries.
    package static let algorithm = "AWS4-HMAC-SHA256"
    /// The payload hash of an unsigned body.
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// The payload hash of an aws-chunked body with a trailing checksum.
    package static let unsignedPayloadWithTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    /// The access key that signs requests.
    package struct Credentials: Sendable, Hashable {
        /// The access key's ID; not secret.
        package var accessKeyID: String
        /// The secret half of the key.
        package var secretAccessKey: String
        /// The token of temporary credentials, as Lambda has them; nil for permanent ones.
        package var sessionToken: String?

        /// Creates credentials from their parts.
        package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }
    }

    /// The day, region and service of a signature.
    package struct Scope: Sendable, Hashable {
        /// The day in UTC: `20261120`.
        package var date: String
        /// The region, for instance `eu-west-1`.
        package var region: String
        /// The service, for instance `s3`.
        package var service: String

        /// Creates a scope; the service defaults to S3.
        package init(date: String, region: String, service: String = "s3") {
            self.date = date
            self.region = region
            self.service = service
        }

        /// The scope in the form that is signed.
        package var text: String { "\(date)/\(region)/\(service)/aws4_request" }
    }

    /// The parts of a request that a signature covers.
    package struct CanonicalRequest: Sendable, Hashable {
        /// The method in upper case.
        package var method: String
        /// The percent-encoded path, as sent.
        package var path: String
        /// Decoded names and values, without the signature.
        package var query: [(name: String, value: String)]
        /// Signed headers; names in any case, each name once.
        package var headers: [(name: String, value: String)]
        /// Lower-case hexadecimal SHA-256 of the body, or a marker such as
        /// `UNSIGNED-PAYLOAD`.
        package var payloadHash: String

        /// Creates a request from the parts that are signed.
        package init(
            method: String, path: String, query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)], payloadHash: String
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.payloadHash = payloadHash
        }

        /// The names of the signed headers, sorted: `host;x-amz-date`.
        package var signedHeaders: String {
            headers.map { $0.name.lowercased() }.sorted().joined(separator: ";")
        }

        /// The query, percent-encoded and then sorted by name and value.
        package var canonicalQuery: String {
            query.map { (uriEncode($0.name), uriEncode($0.value)) }
                .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
                .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        }

        /// The canonical request in the form that is hashed.
        package var text: String {
            let lines =
                headers
                .map { ($0.name.lowercased(), SigV4.trimmed($0.value)) }
                .sorted { $0.0 < $1.0 }
                .map { "\($0.0):\($0.1)\n" }.joined()
            return [method, path, canonicalQuery, lines, signedHeaders, payloadHash]
                .joined(separator: "\n")
        }

        package static func == (lhs: Self, rhs: Self) -> Bool { lhs.text == rhs.text }
        package func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    /// Builds the string to sign from a canonical request.
    /// - Parameter timestamp: `20261120T120000Z`
    package static func stringToSign(
        _ request: CanonicalRequest, timestamp: String, scope: Scope
    ) -> String {
        [algorithm, timestamp, scope.text, sha256Hex(request.text)].joined(separator: "\n")
    }

    /// Derives the signing key of a scope.
    package static func signingKey(secret: String, scope: Scope) -> [UInt8] {
        let date = hmacSHA256(key: Array("AWS4\(secret)".utf8), Array(scope.date.utf8))
        let region = hmacSHA256(key: date, Array(scope.region.utf8))
        let service = hmacSHA256(key: region, Array(scope.service.utf8))
        return hmacSHA256(key: service, Array("aws4_request".utf8))
    }

    /// Signs a string: 64 lower-case hexadecimal digits.
    package static func signature(_ stringToSign: String, key: [UInt8]) -> String {
        hex(hmacSHA256(key: key, Array(stringToSign.utf8)))
    }

    /// Builds the value of an `Authorization` header.
    package static func authorization(
        _ request: CanonicalRequest, timestamp: String, scope: Scope, credentials: Credentials
    ) -> String {
        let key = signingKey(secret: credentials.secretAccessKey, scope: scope)
        let signature = signature(
            stringToSign(request, timestamp: timestamp, scope: scope), key: key)
        return "\(algorithm) Credential=\(credentials.accessKeyID)/\(scope.text), "
            + "SignedHeaders=\(request.signedHeaders), Signature=\(signature)"
    }

    /// Builds the query items that presign a request, the signature last.
    /// - Parameter request: `query` holds the URL's other parameters and
    ///   `headers` at least `host`; `payloadHash` is overwritten.
    /// - Parameter expiresIn: 1 to 604,800 seconds.
    package static func presignedQuery(
        _ request: CanonicalRequest, timestamp: String, scope: Scope, credentials: Credentials,
        expiresIn: Duration
    ) -> [(name: String, value: String)] {
        var signed = request
        signed.payloadHash = unsignedPayload
        signed.query += [
            ("X-Amz-Algorithm", algorithm),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope.text)"),
            ("X-Amz-Date", timestamp),
            ("X-Amz-Expires", "\(expiresIn.wholeSeconds)"),
            ("X-Amz-SignedHeaders", request.signedHeaders),
        ]
        if let token = credentials.sessionToken {
            signed.query.append(("X-Amz-Security-Token", token))
        }
        let key = signingKey(secret: credentials.secretAccessKey, scope: scope)
        let signature = signature(
            stringToSign(signed, timestamp: timestamp, scope: scope), key: key)
        return signed.query + [("X-Amz-Signature", signature)]
    }

    /// The value without outer white space, inner runs of it reduced to one space.
    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}
