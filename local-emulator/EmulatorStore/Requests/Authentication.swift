import Crypto
import EmulatorHTTP
import FoundationEssentials
import Signing
import WallClock

/// The store's only credentials, which permit every request.
package struct StoreCredentials: Sendable {
    /// Public part of the pair, in every signature.
    package var accessKeyID: String
    /// Secret part of the pair, never sent.
    package var secretAccessKey: String

    /// The credentials of these two parts.
    package init(accessKeyID: String, secretAccessKey: String) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }
}

/// Relation of a request's body to its signature.
enum PayloadSignature: Sendable, Equatable {
    case unsigned
    /// The signature includes the SHA-256 of the body, in hexadecimal.
    case hash(String)
    /// The body is aws-chunked; `chain` is nil for unsigned chunks.
    case chunked(chain: SignatureChain?, hasTrailer: Bool)
}

/// The state from which each chunk's signature is made, beginning with the head's.
struct SignatureChain: Sendable, Equatable {
    var signingKey: [UInt8]
    var date: String
    var scope: String
    var previous: String

    /// Checks the signature of the next chunk or of the trailer and advances.
    mutating func accepts(_ signature: String, algorithm: String, _ lines: [String]) -> Bool {
        let text = ([algorithm, date, scope, previous] + lines).joined(separator: "\n")
        let expected = SigV4.signature(text, key: signingKey)
        previous = expected
        return isSameSecret(expected, signature)
    }
}

/// Checks Signature Version 4 in the header or the query, and Version 2 in the query, which
/// boto3 uses for presigned URLs of us-east-1.
struct Authentication: Sendable {
    /// The pairs that may sign.
    var credentials: [StoreCredentials]
    var region: String
    /// The clock.
    var now: @Sendable () -> UnixTime

    /// The differences between the client's clock and ours that S3 allows.
    private static let skew = Duration.seconds(-15 * 60)...Duration.seconds(15 * 60)
    /// S3's limit for the validity of a presigned URL.
    private static let presignedValidityMax = Duration.seconds(7 * 24 * 3_600)

    /// Checks the signature of a request.
    /// - Throws: `.accessDenied` without a signature, otherwise S3's error for a malformed,
    ///   expired or wrong one.
    func check(_ request: S3Request) throws(S3Error) -> PayloadSignature {
        if request["X-Amz-Algorithm"] != nil || request["X-Amz-Signature"] != nil {
            return try checkQuery(request)
        }
        if request["Signature"] != nil, request["AWSAccessKeyId"] != nil {
            return try checkVersion2(request)
        }
        guard let header = request.header("authorization") else {
            throw S3Error(.accessDenied, "Access Denied")
        }
        return try checkHeader(request, header)
    }

    /// Checks the signature of a POST form's policy.
    func checkPolicy(_ policy: String, fields: [String: String]) throws(S3Error) {
        if let signature = fields["signature"], let keyID = fields["awsaccesskeyid"] {
            let expected = hmacSHA1(key: try secret(of: keyID), policy)
            try require(Data(expected).base64EncodedString(), equals: signature)
            return
        }
        guard fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256",
            let credential = fields["x-amz-credential"], let signature = fields["x-amz-signature"]
        else { throw S3Error(.accessDenied, "Access Denied") }
        let scope = try Scope(credential, region: region, .invalidRequest)
        _ = try secret(of: scope.keyID)
        try require(SigV4.signature(policy, key: try signingKey(scope)), equals: signature)
    }

    private func checkHeader(
        _ request: S3Request, _ header: String
    ) throws(S3Error) -> PayloadSignature {
        let malformed = S3Error(
            .authorizationHeaderMalformed,
            "The authorization header that you provided is not valid.")
        guard header.hasPrefix("AWS4-HMAC-SHA256 ") else {
            throw S3Error(.invalidRequest, "The authorization mechanism is not supported.")
        }
        var fields: [String: String] = [:]
        for part in header.dropFirst(17).split(separator: ",") {
            let sides = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { fields[String(sides[0])] = String(sides[1]) }
        }
        guard let credential = fields["Credential"], let names = fields["SignedHeaders"],
            let signature = fields["Signature"]
        else { throw malformed }
        let scope = try Scope(credential, region: region, .authorizationHeaderMalformed)
        _ = try secret(of: scope.keyID)
        guard let date = request.header("x-amz-date"),
            let signed = UnixTime(basic: date), date.hasPrefix(scope.day)
        else { throw S3Error(.accessDenied, "AWS authentication requires a valid Date header") }
        if !Self.skew.contains(age(of: signed)) {
            throw S3Error(
                .requestTimeTooSkewed,
                "The difference between the request time and the current time is too large.")
        }
        guard let payload = request.header("x-amz-content-sha256") else {
            throw S3Error(
                .invalidRequest, "Missing required header for this request: x-amz-content-sha256")
        }
        try requireSignedHeaders(names, of: request)
        try requireSignature(
            signature,
            of: SignedRequest(
                request: request, scope: scope, date: date, signedHeaders: names,
                payload: payload))
        let chain = SignatureChain(
            signingKey: try signingKey(scope), date: date, scope: scope.text, previous: signature)
        return try payloadSignature(payload, chain)
    }

    private func checkQuery(_ request: S3Request) throws(S3Error) -> PayloadSignature {
        func fail(_ message: String) -> S3Error {
            S3Error(.authorizationQueryParametersError, message)
        }
        guard request["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" else {
            throw fail("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")
        }
        guard let credential = request["X-Amz-Credential"], let date = request["X-Amz-Date"],
            let signed = UnixTime(basic: date),
            let names = request["X-Amz-SignedHeaders"],
            let signature = request["X-Amz-Signature"]
        else { throw fail("Query-string authentication version 4 requires all its parameters.") }
        guard let validity = request["X-Amz-Expires"].flatMap({ Int($0) }),
            validity >= 1, .seconds(validity) <= Self.presignedValidityMax
        else { throw fail("X-Amz-Expires must be between 1 and 604800 seconds") }
        let scope = try Scope(credential, region: region, .authorizationQueryParametersError)
        _ = try secret(of: scope.keyID)
        guard date.hasPrefix(scope.day) else { throw fail("Invalid credential date.") }
        let age = self.age(of: signed)
        if age < Self.skew.lowerBound {
            throw S3Error(.accessDenied, "Request is not valid yet")
        }
        if age > .seconds(validity) { throw S3Error(.accessDenied, "Request has expired") }
        let payload =
            request["X-Amz-Content-Sha256"] ?? request.header("x-amz-content-sha256")
            ?? "UNSIGNED-PAYLOAD"
        let isHeaderSigned = names.split(separator: ";").contains("x-amz-content-sha256")
        let isBound = isHeaderSigned || request["X-Amz-Content-Sha256"] != nil
        try requireSignedHeaders(names, of: request)
        try requireSignature(
            signature,
            of: SignedRequest(
                request: request, scope: scope, date: date, signedHeaders: names,
                payload: isBound ? payload : "UNSIGNED-PAYLOAD"))
        return isBound ? try payloadSignature(payload, nil) : .unsigned
    }

    private func checkVersion2(_ request: S3Request) throws(S3Error) -> PayloadSignature {
        guard let expires = request["Expires"].flatMap({ Int($0) }) else {
            throw S3Error(.accessDenied, "Missing Expires")
        }
        let secret = try secret(of: request["AWSAccessKeyId"] ?? "")
        if now().seconds > expires { throw S3Error(.accessDenied, "Request has expired") }
        let text = SignedRequest.version2(request, expires: expires)
        let expected = hmacSHA1(key: secret, text)
        try require(Data(expected).base64EncodedString(), equals: request["Signature"] ?? "")
        return .unsigned
    }

    /// Time since a signature was made; dates of signatures have whole seconds.
    private func age(of signed: UnixTime) -> Duration {
        UnixTime(seconds: now().seconds) - signed
    }

    private func payloadSignature(
        _ payload: String, _ chain: SignatureChain?
    ) throws(S3Error) -> PayloadSignature {
        switch payload {
        case "UNSIGNED-PAYLOAD": return .unsigned
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": return .chunked(chain: nil, hasTrailer: true)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
            return .chunked(chain: chain, hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
            return .chunked(chain: chain, hasTrailer: true)
        default:
            guard payload.utf8.count == 64, bytes(hex: payload) != nil else {
                throw S3Error(
                    .invalidArgument,
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING value or a valid "
                        + "sha256 value.")
            }
            return .hash(payload.lowercased())
        }
    }

    /// Requires that the host and every `x-amz-` header are signed, as S3 does.
    private func requireSignedHeaders(_ names: String, of request: S3Request) throws(S3Error) {
        let signed = Set(names.split(separator: ";").map(String.init))
        var missing = request.head.headers.fields.map(\.lowercasedName)
            .filter { $0.hasPrefix("x-amz-") && !signed.contains($0) }
        if request["X-Amz-Signature"] != nil { missing.removeAll { $0 == "x-amz-content-sha256" } }
        if !signed.contains("host") { missing.append("host") }
        if !missing.isEmpty {
            throw S3Error(
                .accessDenied, "There were headers present in the request which were not signed",
                details: [("HeadersNotSigned", missing.joined(separator: ", "))])
        }
    }

    private func requireSignature(
        _ signature: String, of signed: SignedRequest
    ) throws(S3Error) {
        let key = try signingKey(signed.scope)
        // Some clients sign the path as sent, others its canonical encoding. Both prove the
        // secret.
        let isGood = [false, true].contains { asSent in
            let text = signed.stringToSign(pathAsSent: asSent)
            return isSameSecret(SigV4.signature(text, key: key), signature)
        }
        if !isGood { throw Self.mismatch }
    }

    /// The secret of a pair.
    /// - Throws: `.invalidAccessKeyId`.
    private func secret(of keyID: String) throws(S3Error) -> String {
        guard let pair = credentials.first(where: { isSameSecret(keyID, $0.accessKeyID) }) else {
            throw S3Error(
                .invalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.")
        }
        return pair.secretAccessKey
    }

    private func require(_ expected: String, equals given: String) throws(S3Error) {
        if !isSameSecret(expected, given) { throw Self.mismatch }
    }

    private static var mismatch: S3Error {
        S3Error(
            .signatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided. Check "
                + "your key and signing method.")
    }

    private func signingKey(_ scope: Scope) throws(S3Error) -> [UInt8] {
        SigV4.signingKey(secret: try secret(of: scope.keyID), scope: scope.value)
    }
}

/// The scope of a credential: `KEYID/20260102/us-east-1/s3/aws4_request`.
struct Scope: Sendable {
    var keyID: String
    var day: String
    var region: String

    var value: SigV4.Scope { SigV4.Scope(date: day, region: region) }

    var text: String { value.text }

    /// Reads a credential.
    /// - Throws: The given code for another form, service or region.
    init(_ credential: String, region: String, _ code: S3Error.Code) throws(S3Error) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts.suffix(2) == ["s3", "aws4_request"] else {
            throw S3Error(code, "The credential is malformed.")
        }
        keyID = parts.dropLast(4).joined(separator: "/")
        day = String(parts[parts.count - 4])
        self.region = String(parts[parts.count - 3])
        // Clients that are configured for R2 send "auto".
        guard self.region == region || self.region == "auto" else {
            throw S3Error(
                code, "The region '\(self.region)' is wrong; expecting '\(region)'",
                details: [("Region", region)])
        }
    }
}
