import CCrypto

/// A running digest over libcrypto that takes the bytes piece by piece.
///
/// One value belongs to one task at a time. Its context is freed with it.
///
/// SAFETY of `@unchecked Sendable`: the value cannot be copied, so only its owner
/// uses the context, and a context is bound to no thread.
package struct RunningDigest: ~Copyable, @unchecked Sendable {
    /// Digest algorithms.
    package enum Algorithm: Sendable {
        case md5, sha1, sha256
    }

    private let context: OpaquePointer

    /// Creates a digest of zero bytes.
    package init(_ algorithm: Algorithm) {
        guard let context = EVP_MD_CTX_new() else {
            preconditionFailure("libcrypto has memory for a digest context")
        }
        let type =
            switch algorithm {
            case .md5: EVP_md5()
            case .sha1: EVP_sha1()
            case .sha256: EVP_sha256()
            }
        let began = EVP_DigestInit_ex(context, type, nil)
        precondition(began == 1, "libcrypto has the digest")
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes to the digest.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        let taken = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(taken == 1, "a digest takes bytes until it is finished")
    }

    /// Adds bytes to the digest.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            update(UnsafeRawBufferPointer($0))
        }
        if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
    }

    /// Returns the digest of all bytes and consumes the value.
    package consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let ended = EVP_DigestFinal_ex(context, &digest, &length)
        precondition(ended == 1, "a digest is finished once")
        return Array(digest.prefix(Int(length)))
    }
}

/// Returns the SHA-256 of bytes, 32 bytes.
package func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var digest = RunningDigest(.sha256)
    digest.update(bytes)
    return digest.finish()
}

/// Returns the SHA-256 of a text's UTF-8 as 64 lower-case hexadecimal digits.
package func sha256Hex(_ text: String) -> String { hex(sha256(text.utf8)) }

/// Returns the MD5 of bytes, 16 bytes: for S3's ETag, never for security.
package func md5(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var digest = RunningDigest(.md5)
    digest.update(bytes)
    return digest.finish()
}

/// Returns the HMAC-SHA-256 (RFC 2104), 32 bytes.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let made = HMAC(
        EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length)
    precondition(made != nil && length == 32, "libcrypto has HMAC-SHA-256")
    return code
}

/// Returns the HMAC-SHA-1 (RFC 2104), 20 bytes: for one-time passwords (RFC 6238).
package func hmacSHA1(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    let made = HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &code, &length)
    precondition(made != nil && length == 20, "libcrypto has HMAC-SHA-1")
    return code
}

/// Compares bytes in a time that does not depend on the position of a difference.
package func constantTimeEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
    lhs.count == rhs.count && CRYPTO_memcmp(lhs, rhs, lhs.count) == 0
}

/// Returns bytes from libcrypto's random generator.
package func randomBytes(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let made = RAND_bytes(&bytes, Int32(count))
    precondition(made == 1, "libcrypto's random generator is seeded")
    return bytes
}

/// Returns lower-case hexadecimal digits, two for each byte.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// Decodes hexadecimal digits of either case; nil for other text.
package func bytes(hex text: String) -> [UInt8]? {
    let digits = text.utf8.map { byte -> UInt8? in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
    guard digits.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = digits[index], let low = digits[index + 1] else { return nil }
        result.append(high << 4 | low)
    }
    return result
}
