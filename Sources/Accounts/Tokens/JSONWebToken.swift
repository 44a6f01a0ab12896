import Crypto
package import JSON
package import WallClock

/// A signed token (JWS, RFC 7515) whose signature is not verified yet.
package struct JSONWebToken: Sendable {
    /// The algorithm that the header names.
    package let algorithm: Algorithm
    /// The key that the header names; nil if it names none.
    package let keyID: String?
    private let signedBytes: [UInt8]
    private let signature: [UInt8]
    private let payload: [UInt8]

    /// Signature algorithms (RFC 7518, RFC 8037). `none` is not one.
    package enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case hs256 = "HS256"
        case rs256 = "RS256"
        case es256 = "ES256"
        case edDSA = "EdDSA"
    }

    /// Largest token in bytes. A proxy's limit for all header fields is often 8 KiB.
    package static let bytesMax = 8_192

    /// True for three parts between dots, which no other token of ours has.
    package static func hasShape(_ text: String) -> Bool {
        text.utf8.count { $0 == UInt8(ascii: ".") } == 2
    }

    /// Reads header and payload.
    /// - Throws: a refusal before anything of the payload is used.
    package init(_ text: String) throws(JWTRefusal) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLarge }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let head = bytes(base64URL: parts[0]),
            let payload = bytes(base64URL: parts[1]), let signature = bytes(base64URL: parts[2]),
            let header = try? JSONValue(parsing: head), case .object(let fields) = header
        else { throw .malformed }
        guard let name = fields["alg"]?.text, let algorithm = Algorithm(rawValue: name) else {
            throw .algorithm
        }
        // Extensions that must be understood: there are none (RFC 7515, 4.1.11).
        guard fields["crit"] == nil, fields["b64"] == nil else { throw .malformed }
        if let type = fields["typ"] {
            guard ["jwt", "at+jwt", "application/at+jwt"].contains(type.text?.lowercased() ?? "")
            else { throw .malformed }
        }
        if let id = fields["kid"] {
            guard let id = id.text, id.utf8.count <= 256 else { throw .malformed }
            keyID = id
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        signedBytes = Array("\(parts[0]).\(parts[1])".utf8)
    }

    /// The claims, once the signature and every rule hold.
    /// - Throws: the first rule that does not hold.
    package func claims(
        _ keys: JWTKeySet, _ rules: JWTRules, now: UnixTime
    ) throws(JWTRefusal) -> JWTClaims {
        let candidates = keys.candidates(for: self)
        guard !candidates.isEmpty else { throw keys.knows(self) ? .algorithm : .unknownKey }
        guard candidates.contains(where: { $0.verifies(signature, of: signedBytes) }) else {
            throw .signature
        }
        guard let document = try? JSONValue(parsing: payload), case .object(let fields) = document
        else { throw .malformed }
        let claims = JWTClaims(fields: fields)
        try rules.check(claims, now: now)
        return claims
    }
}

/// The first rule that a token violates.
package enum JWTRefusal: Error, Hashable, Sendable, CaseIterable {
    case tooLarge, malformed, algorithm, unknownKey, signature, expired, endless, notYetValid,
        issuer, audience, owner, unavailable

    /// A sentence for the caller; it reveals nothing about keys.
    package var description: String {
        switch self {
        case .tooLarge: "The token is longer than \(JSONWebToken.bytesMax) bytes"
        case .malformed: "The token is no JSON Web Token"
        case .algorithm: "The algorithm of the token is not accepted"
        case .unknownKey: "The key of the token is unknown"
        case .signature: "The signature of the token is wrong"
        case .expired: "The token has expired"
        case .endless: "The token has no exp claim"
        case .notYetValid: "The token is not valid yet"
        case .issuer: "The token is from another issuer"
        case .audience: "The token is for another audience"
        case .owner: "The token does not name its owner"
        case .unavailable: "The keys of the issuer are not available"
        }
    }
}

/// The claims of a verified token.
package struct JWTClaims: Hashable, Sendable {
    /// All claims by name.
    package var fields: [String: JSONValue]

    /// Wraps verified claims.
    package init(fields: [String: JSONValue]) { self.fields = fields }

    /// A claim's text: a string or a whole number; nil for anything else.
    /// - Parameter path: A name, or names joined by `/` for a claim inside of others.
    package func text(at path: String) -> String? {
        var value: JSONValue? = fields[path]
        if value == nil {
            value = .object(fields)
            for name in path.split(separator: "/") { value = value?[String(name)] }
        }
        return value?.text ?? value?.integer.map(String.init)
    }

    /// The values of `aud`, which is a string or a list.
    package var audiences: [String] {
        switch fields["aud"] {
        case .string(let text): [text]
        case .array(let values): values.compactMap(\.text)
        default: []
        }
    }

    /// The words of a claim that is a text with spaces or a list.
    package func words(at name: String) -> Set<String> {
        switch fields[name] {
        case .string(let text): Set(text.split(separator: " ").map(String.init))
        case .array(let values): Set(values.compactMap(\.text))
        default: []
        }
    }

    /// A time in seconds since 1970; nil unless it is a number in range.
    func time(_ name: String) -> UnixTime? {
        guard let seconds = fields[name]?.double, seconds >= 0, seconds < 1e12 else { return nil }
        return UnixTime(milliseconds: Int(seconds * 1_000))
    }
}

/// The rules about claims (RFC 7519, 4.1; RFC 8725).
package struct JWTRules: Hashable, Sendable {
    /// The only accepted `iss`; nil accepts any.
    package var issuer: String?
    /// Accepted values of `aud`; empty accepts only tokens without it.
    package var audiences: Set<String>
    /// Difference of the clocks that is tolerated.
    package var leeway: Duration

    /// Largest configurable leeway.
    package static let leewayMax = Duration.seconds(300)

    /// Rules; the leeway is 60 s by default.
    package init(issuer: String?, audiences: Set<String>, leeway: Duration = .seconds(60)) {
        self.issuer = issuer
        self.audiences = audiences
        self.leeway = leeway
    }

    /// - Throws: the first rule that the claims violate.
    package func check(_ claims: JWTClaims, now: UnixTime) throws(JWTRefusal) {
        guard let end = claims.time("exp") else { throw .endless }
        guard now < end + leeway else { throw .expired }
        for name in ["nbf", "iat"] where claims.fields[name] != nil {
            guard let start = claims.time(name) else { throw .malformed }
            guard start <= now + leeway else { throw .notYetValid }
        }
        if let issuer {
            guard claims.fields["iss"]?.text == issuer else { throw .issuer }
        }
        if audiences.isEmpty {
            guard claims.fields["aud"] == nil else { throw .audience }
        } else {
            guard claims.audiences.contains(where: audiences.contains) else { throw .audience }
        }
    }
}
