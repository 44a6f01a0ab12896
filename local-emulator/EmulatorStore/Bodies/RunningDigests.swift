import CCrypto
import Crypto

/// A running digest that a class can keep and end once.
final class Digest {
    private var running: RunningDigest?

    init(_ algorithm: RunningDigest.Algorithm) { running = RunningDigest(algorithm) }

    func update(_ bytes: UnsafeRawBufferPointer) { running?.update(bytes) }

    /// Empty when it was ended before.
    func finish() -> [UInt8] {
        guard let ended = running.take() else { return [] }
        return ended.finish()
    }
}

/// HMAC-SHA-1, which Signature Version 2 and its POST policies use.
func hmacSHA1(key: String, _ message: String) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: 20)
    let (key, bytes) = (Array(key.utf8), Array(message.utf8))
    HMAC(EVP_sha1(), key, Int32(key.count), bytes, bytes.count, &value, nil)
    return value
}

/// Takes the same time wherever the two differ.
func isSameSecret(_ lhs: String, _ rhs: String) -> Bool {
    constantTimeEqual(Array(lhs.utf8), Array(rhs.utf8))
}
