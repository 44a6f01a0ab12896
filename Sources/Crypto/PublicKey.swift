import CCrypto

/// A public key that verifies signatures: RSA (RSASSA-PKCS1-v1_5), ECDSA on P-256, both over
/// SHA-256, or Ed25519.
package final class PublicKey: @unchecked Sendable {
    // SAFETY: libcrypto does not change a key after it is read; each verification has a
    // context of its own.
    private let key: OpaquePointer
    /// The kind of key, which decides the algorithm.
    package let kind: Kind

    /// Kinds of keys.
    package enum Kind: Hashable, Sendable {
        /// RSA of 2,048 to 8,192 bits.
        case rsa
        /// The curve P-256 (secp256r1).
        case p256
        case ed25519
    }

    private static let rsaBits: ClosedRange<Int32> = 2_048...8_192

    /// - Returns: nil unless the modulus has 2,048 to 8,192 bits and the exponent at most 64.
    package convenience init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        guard modulus.count <= 1_024, (1...8).contains(exponent.count),
            let key = spool_crypto_rsa_key(modulus, modulus.count, exponent, exponent.count)
        else { return nil }
        self.init(owned: key, .rsa)
    }

    /// - Returns: nil unless the coordinates are 32 bytes each and a point of the curve.
    package convenience init?(p256X x: [UInt8], y: [UInt8]) {
        guard x.count == 32, y.count == 32, let key = spool_crypto_p256_key([4] + x + y) else {
            return nil
        }
        self.init(owned: key, .p256)
    }

    /// - Returns: nil unless the key has 32 bytes.
    package convenience init?(ed25519 bytes: [UInt8]) {
        guard bytes.count == 32,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return nil }
        self.init(owned: key, .ed25519)
    }

    /// Reads a PEM document, `BEGIN PUBLIC KEY`.
    /// - Returns: nil for anything else, and for other kinds of keys.
    package convenience init?(pem: [UInt8]) {
        guard let input = BIO_new_mem_buf(pem, Int32(pem.count)) else { return nil }
        defer { BIO_free(input) }
        guard let key = PEM_read_bio_PUBKEY(input, nil, nil, nil) else { return nil }
        guard let kind = Self.kind(of: key) else {
            EVP_PKEY_free(key)
            return nil
        }
        self.init(owned: key, kind)
    }

    /// Takes the key over and frees it with this object, also when it is refused.
    private init?(owned key: OpaquePointer, _ kind: Kind) {
        self.key = key
        self.kind = kind
        if kind == .rsa, !Self.rsaBits.contains(EVP_PKEY_get_bits(key)) { return nil }
    }

    deinit { EVP_PKEY_free(key) }

    private static func kind(of key: OpaquePointer) -> Kind? {
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return .rsa
        case EVP_PKEY_ED25519: return .ed25519
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            var length = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return nil }
            let text = String(
                decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text == "prime256v1" ? .p256 : nil
        default: return nil
        }
    }

    /// True if the signature is that of the message by this key.
    /// - Parameter signature: For P-256, two integers of 32 bytes (JWS), else as usual.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        var signature = signature
        if kind == .p256 {
            guard signature.count == 64 else { return false }
            var der = [UInt8](repeating: 0, count: 80)
            let count = spool_crypto_ecdsa_der(signature, &der)
            signature = Array(der.prefix(Int(count)))
        }
        guard let context = EVP_MD_CTX_new() else {
            preconditionFailure("libcrypto has memory for a digest context")
        }
        defer { EVP_MD_CTX_free(context) }
        let digest = kind == .ed25519 ? nil : EVP_sha256()
        return EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
