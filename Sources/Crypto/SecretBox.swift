import CSodium

/// Authenticated encryption of small secrets at rest (libsodium's secretbox: XSalsa20-Poly1305).
package struct SecretBox: Sendable {
    private let key: [UInt8]

    /// - Returns: nil unless the key has 32 bytes.
    package init?(key: [UInt8]) {
        guard key.count == Int(crypto_secretbox_KEYBYTES), sodium_init() >= 0 else { return nil }
        self.key = key
    }

    /// A random nonce and the encrypted message.
    package func seal(_ message: [UInt8]) -> [UInt8] {
        let nonce = randomBytes(count: Int(crypto_secretbox_NONCEBYTES))
        var box = [UInt8](repeating: 0, count: message.count + Int(crypto_secretbox_MACBYTES))
        let sealed = crypto_secretbox_easy(&box, message, UInt64(message.count), nonce, key)
        precondition(sealed == 0, "libsodium seals messages of any length")
        return nonce + box
    }

    /// The message; nil if the box was changed or has another key.
    package func open(_ sealed: [UInt8]) -> [UInt8]? {
        let nonceCount = Int(crypto_secretbox_NONCEBYTES)
        let overhead = nonceCount + Int(crypto_secretbox_MACBYTES)
        guard sealed.count >= overhead else { return nil }
        let nonce = Array(sealed.prefix(nonceCount))
        let box = Array(sealed.dropFirst(nonceCount))
        var message = [UInt8](repeating: 0, count: sealed.count - overhead)
        let opened = crypto_secretbox_open_easy(&message, box, UInt64(box.count), nonce, key)
        return opened == 0 ? message : nil
    }
}
