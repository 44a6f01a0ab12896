package import Crypto
package import JSON

/// A key that verifies tokens. The key decides the algorithm, never the token: a public key is
/// not accepted as the secret of an HMAC.
package struct JWTKey: Sendable {
    /// `kid`; nil for a configured key, which serves tokens of any `kid`.
    package var id: String?
    private let material: Material

    private enum Material: Sendable {
        case secret([UInt8])
        case key(PublicKey)
    }

    /// Shortest secret of HS256 in bytes (RFC 7518, 3.2).
    package static let secretBytesMin = 32

    /// A shared secret for HS256.
    /// - Returns: nil for fewer than 32 bytes.
    package init?(secret: [UInt8]) {
        guard secret.count >= Self.secretBytesMin else { return nil }
        material = .secret(secret)
    }

    /// A configured public key.
    package init(_ key: PublicKey, id: String? = nil) {
        material = .key(key)
        self.id = id
    }

    /// Reads a member of a key set (RFC 7517).
    /// - Returns: nil for a key of another type or use, and for a symmetric key: one that is
    ///   published is no secret.
    package init?(_ value: JSONValue) {
        func number(_ name: String) -> [UInt8]? {
            value[name]?.text.flatMap { bytes(base64URL: $0) }
        }
        if let use = value["use"], use.text != "sig" { return nil }
        if case .array(let operations)? = value["key_ops"], !operations.contains("verify") {
            return nil
        }
        let key: PublicKey?
        switch (value["kty"]?.text, value["crv"]?.text) {
        case ("RSA", _):
            guard let n = number("n"), let e = number("e") else { return nil }
            key = PublicKey(rsaModulus: Array(n.drop { $0 == 0 }), exponent: e)
        case ("EC", "P-256"):
            guard let x = number("x"), let y = number("y") else { return nil }
            key = PublicKey(p256X: x, y: y)
        case ("OKP", "Ed25519"):
            key = number("x").flatMap { PublicKey(ed25519: $0) }
        default:
            return nil
        }
        guard let key else { return nil }
        material = .key(key)
        id = value["kid"]?.text ?? ""
        if let name = value["alg"]?.text, name != algorithm.rawValue { return nil }
    }

    /// The only algorithm that this key verifies.
    package var algorithm: JSONWebToken.Algorithm {
        switch material {
        case .secret: .hs256
        case .key(let key):
            switch key.kind {
            case .rsa: .rs256
            case .p256: .es256
            case .ed25519: .edDSA
            }
        }
    }

    /// True if the signature is that of the bytes.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch material {
        case .secret(let secret):
            constantTimeEqual(hmacSHA256(key: secret, message), signature)
        case .key(let key):
            key.verifies(signature, of: message)
        }
    }
}

/// The keys of an issuer.
package struct JWTKeySet: Sendable {
    private let keys: [JWTKey]

    /// Number of keys of a set that are read.
    package static let keyCountMax = 50

    /// Takes configured keys.
    package init(_ keys: [JWTKey]) { self.keys = keys }

    /// Reads a key set (RFC 7517, 5). Keys that are not understood are left out.
    /// - Returns: nil if the document is none, or has no usable key.
    package init?(document: JSONValue) {
        guard case .array(let values)? = document["keys"] else { return nil }
        keys = values.prefix(Self.keyCountMax).compactMap { JWTKey($0) }
        if keys.isEmpty { return nil }
    }

    /// True if there is no key.
    package var isEmpty: Bool { keys.isEmpty }

    /// These keys and those of another set.
    package func adding(_ other: JWTKeySet) -> JWTKeySet { JWTKeySet(keys + other.keys) }

    /// The keys that may have signed a token: by `kid` and algorithm. A token without `kid`
    /// needs a single key of its algorithm.
    func candidates(for token: JSONWebToken) -> [JWTKey] {
        let suited = keys.filter { $0.algorithm == token.algorithm }
        guard let id = token.keyID else { return suited.count == 1 ? suited : [] }
        return suited.filter { $0.id == nil || $0.id == id }
    }

    /// True if the token names a key of this set, of whatever algorithm.
    package func knows(_ token: JSONWebToken) -> Bool {
        guard let id = token.keyID else { return !keys.isEmpty }
        return keys.contains { $0.id == nil || $0.id == id }
    }
}
