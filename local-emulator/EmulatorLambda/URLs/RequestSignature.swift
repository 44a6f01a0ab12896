import Crypto
import EmulatorHTTP
import Signing
import WallClock

/// The signer of a request, in the event's terms.
struct SignedCaller: Sendable, Equatable {
    var accessKeyID: String
    /// The emulator's single account.
    var accountID: String
    var userARN: String
}

/// The reason for rejecting a signature.
enum SignatureFault: Error, Equatable {
    /// The request has no signature.
    case missing
    case malformed
    case unknownKey
    /// The signature is of another day, too old, or in the future.
    case expired
    case mismatch

    /// Lambda's message for the fault.
    var message: String {
        switch self {
        case .missing: "Missing Authentication Token"
        case .malformed: "The signature is incomplete or malformed."
        case .unknownKey: "The security token included in the request is invalid."
        case .expired: "Signature expired"
        case .mismatch:
            "The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method."
        }
    }
}

/// Verifies Signature Version 4 of calls to functions, service `lambda`, in the
/// header or the query (AWS General Reference, "Authenticating requests").
struct RequestSignature: Sendable {
    var credentials: SigV4.Credentials
    /// The current time.
    var now: @Sendable () -> UnixTime = UnixTime.now

    private static let skewMax = Duration.seconds(300)
    private static let service = "lambda"

    /// True for a request with a signature, valid or not.
    func isPresent(in head: RequestHead) -> Bool {
        head.headers["Authorization"]?.hasPrefix(SigV4.algorithm) == true
            || QueryString(head.query)["X-Amz-Signature"] != nil
    }

    /// Verifies the signature of a request.
    /// - Throws: the fault of the signature, `.missing` if there is none.
    func caller(of head: RequestHead, body: [UInt8]) throws(SignatureFault) -> SignedCaller {
        let claim = try Claim(head)
        guard claim.keyID == credentials.accessKeyID else { throw .unknownKey }
        guard let signed = UnixTime(basic: claim.timestamp),
            claim.timestamp.hasPrefix(claim.scope.date)
        else { throw .malformed }
        let age = now() - signed
        guard age >= .zero - Self.skewMax,
            age <= claim.lifetime ?? Self.skewMax
        else { throw .expired }
        guard claim.scope.service == Self.service, claim.signedHeaders.contains("host") else {
            throw .malformed
        }
        let declared = head.headers["X-Amz-Content-Sha256"]
        let hash = declared ?? hex(sha256(body))
        let isUnsigned = hash == SigV4.unsignedPayload
        guard isUnsigned || hash == hex(sha256(body)) else { throw .mismatch }
        let key = SigV4.signingKey(secret: credentials.secretAccessKey, scope: claim.scope)
        // Every service except S3 signs the path encoded twice, but some clients encode it once.
        let isGood = [uriEncode(head.path, keepingSlash: true), head.path].contains { path in
            let request = SigV4.CanonicalRequest(
                method: head.method, path: path, query: claim.query,
                headers: claim.signedHeaders.map { name in
                    (name, head.headers.values(of: name).joined(separator: ","))
                }, payloadHash: hash)
            let text = SigV4.stringToSign(
                request, timestamp: claim.timestamp, scope: claim.scope)
            return constantTimeEqual(
                Array(SigV4.signature(text, key: key).utf8), Array(claim.signature.utf8))
        }
        guard isGood else { throw .mismatch }
        let account = LambdaConfiguration.accountID
        return SignedCaller(
            accessKeyID: claim.keyID, accountID: account,
            userARN: "arn:aws:iam::\(account):user/\(claim.keyID)")
    }

    /// The parameters of a request's signature, unverified.
    private struct Claim {
        var keyID: String
        var scope: SigV4.Scope
        var timestamp: String
        var signedHeaders: [String]
        var signature: String
        /// The query without the signature.
        var query: [(name: String, value: String)]
        /// Lifetime of a presigned URL; nil for a signature in the header.
        var lifetime: Duration?

        init(_ head: RequestHead) throws(SignatureFault) {
            var query: [(name: String, value: String)] = []
            var lifetime: Duration?
            for pair in (head.query ?? "").split(separator: "&") {
                let sides = pair.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                query.append(
                    (
                        percentDecoded(sides[0], plusIsSpace: false),
                        sides.count > 1 ? percentDecoded(sides[1], plusIsSpace: false) : ""
                    ))
            }
            var fields: [String: String] = [:]
            if let header = head.headers["Authorization"] {
                guard header.hasPrefix(SigV4.algorithm + " ") else { throw .missing }
                for part in header.dropFirst(SigV4.algorithm.count).split(separator: ",") {
                    let sides = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                    if sides.count == 2 { fields[String(sides[0])] = String(sides[1]) }
                }
                fields["Date"] = head.headers["X-Amz-Date"]
            } else {
                func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
                guard value("X-Amz-Algorithm") == SigV4.algorithm else { throw .missing }
                for name in ["Credential", "SignedHeaders", "Signature", "Date"] {
                    fields[name] = value("X-Amz-\(name)")
                }
                guard let seconds = value("X-Amz-Expires").flatMap({ Int($0) }),
                    1...604_800 ~= seconds
                else { throw .malformed }
                lifetime = .seconds(seconds)
                query.removeAll { $0.name == "X-Amz-Signature" }
            }
            guard let credential = fields["Credential"], let names = fields["SignedHeaders"],
                let signature = fields["Signature"], let timestamp = fields["Date"]
            else { throw .malformed }
            let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 5, parts[4] == "aws4_request" else { throw .malformed }
            keyID = String(parts[0])
            scope = SigV4.Scope(
                date: String(parts[1]), region: String(parts[2]), service: String(parts[3]))
            self.timestamp = timestamp
            self.query = query
            self.lifetime = lifetime
            signedHeaders = names.split(separator: ";").map(String.init)
            self.signature = signature
        }
    }
}
