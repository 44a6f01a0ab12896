import CCrypto
import Crypto

/// A running digest that can be stored in a class.
final class Digest {
    private var running: RunningDigest?

    init(_ algorithm: RunningDigest.Algorithm) { running = RunningDigest(algorithm) }

    func update(_ bytes: UnsafeRawBufferPointer) { running?.update(bytes) }

    /// Ends the digest.
    /// - Returns: Empty at the second call.
    func finish() -> [UInt8] {
        guard let ended = running.take() else { return [] }
        return ended.finish()
    }
}

/// HMAC-SHA-1 for Signature Version 2 and its POST policies.
func hmacSHA1(key: String, _ message: String) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: 20)
    let (key, bytes) = (Array(key.utf8), Array(message.utf8))
    HMAC(EVP_sha1(), key, Int32(key.count), bytes, bytes.count, &value, nil)
    return value
}

/// Compares two texts in a time that does not depend on the position of a difference.
func isSameSecret(_ lhs: String, _ rhs: String) -> Bool {
    constantTimeEqual(Array(lhs.utf8), Array(rhs.utf8))
}
