import CSodium

/// Argon2id hashes of passwords by libsodium, as text: `$argon2id$v=19$m=…,t=…,p=1$salt$hash`.
///
/// Both functions take a core and the memory for their whole time: call them on a thread of
/// their own.
package struct PasswordHash: Hashable, Sendable {
    /// Passes over the memory.
    package var passes: Int
    /// Memory of one hash in bytes.
    package var memoryBytes: Int

    /// 64 MiB and two passes, 75 ms of one core: docs/accounts.md has the measurement.
    package static let standard = PasswordHash(passes: 2, memoryBytes: 64 << 20)

    /// - Parameter passes: 1 or more; `memoryBytes` 8 KiB or more.
    package init(passes: Int, memoryBytes: Int) {
        self.passes = passes
        self.memoryBytes = memoryBytes
    }

    /// A hash with a new salt; nil if there is no memory for it.
    package func text(of password: String) -> String? {
        guard sodium_init() >= 0 else { return nil }
        var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let bytes = password.utf8.map { CChar(bitPattern: $0) }
        let made = crypto_pwhash_str_alg(
            &text, bytes, UInt64(bytes.count), UInt64(passes), memoryBytes,
            crypto_pwhash_ALG_ARGON2ID13)
        guard made == 0 else { return nil }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// True if the hash is that of the password.
    package static func verify(_ password: String, hash: String) -> Bool {
        guard sodium_init() >= 0, let text = padded(hash) else { return false }
        let bytes = password.utf8.map { CChar(bitPattern: $0) }
        return crypto_pwhash_str_verify(text, bytes, UInt64(bytes.count)) == 0
    }

    /// True if the hash has other parameters: the next sign-in replaces it.
    package func isOutdated(_ hash: String) -> Bool {
        guard let text = Self.padded(hash) else { return true }
        return crypto_pwhash_str_needs_rehash(text, UInt64(passes), memoryBytes) != 0
    }

    private static func padded(_ hash: String) -> [CChar]? {
        let bytes = hash.utf8.map { CChar(bitPattern: $0) }
        let size = Int(crypto_pwhash_STRBYTES)
        guard bytes.count < size else { return nil }
        return bytes + [CChar](repeating: 0, count: size - bytes.count)
    }
}
