import CCrypto

/// A private key that signs messages: RSA (RSASSA-PKCS1-v1_5), or an elliptic curve (ECDSA, the
/// signature in DER).
package final class PrivateKey: @unchecked Sendable {
    // SAFETY: libcrypto does not change a key after it is read; each signature has a
    // context of its own.
    private let key: OpaquePointer

    /// The hash of the message that is signed.
    package enum Hash: String, CaseIterable, Sendable {
        case sha1, sha256
    }

    /// Reads a PEM document, PKCS #8 or traditional, without a passphrase.
    /// - Returns: nil for anything else, and for other kinds of keys.
    package init?(pem: [UInt8]) {
        guard let input = BIO_new_mem_buf(pem, Int32(pem.count)) else { return nil }
        defer { BIO_free(input) }
        // With a passphrase of our own, libcrypto does not ask a terminal for one.
        var passphrase: [CChar] = [0]
        guard let key = PEM_read_bio_PrivateKey(input, nil, nil, &passphrase) else { return nil }
        guard [EVP_PKEY_RSA, EVP_PKEY_EC].contains(EVP_PKEY_get_base_id(key)) else {
            EVP_PKEY_free(key)
            return nil
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature of a message.
    package func signature(of message: [UInt8], hash: Hash) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else {
            preconditionFailure("libcrypto has memory for a digest context")
        }
        defer { EVP_MD_CTX_free(context) }
        let type = hash == .sha1 ? EVP_sha1() : EVP_sha256()
        let began = EVP_DigestSignInit(context, nil, type, nil, key)
        precondition(began == 1, "libcrypto signs with keys that it has read")
        var count = 0
        let measured = EVP_DigestSign(context, nil, &count, message, message.count)
        precondition(measured == 1, "libcrypto knows the size of a signature")
        var signature = [UInt8](repeating: 0, count: count)
        let signed = EVP_DigestSign(context, &signature, &count, message, message.count)
        precondition(signed == 1, "libcrypto signs with keys that it has read")
        return Array(signature.prefix(count))
    }
}
