import Crypto
import FoundationEssentials
package import WallClock

/// A session token: base64 of `timestamp:hmac`.
///
/// The timestamp is the time of issue in milliseconds. The HMAC-SHA-256 over it has a key that
/// is derived from the deployment's secret and the password: a changed password, like a changed
/// secret, ends every session.
package struct SessionToken: Sendable {
    private let key: [UInt8]

    /// Lifetime of a token.
    package static let lifetime = Duration.seconds(86_400)

    /// - Parameter secret: Random bytes that only the deployment knows.
    package init(password: String, secret: [UInt8]) {
        key = hmacSHA256(key: secret, Array(password.utf8))
    }

    /// True for base64 of 13 digits, a colon and 64 hexadecimal digits, as `issue` writes it.
    static func hasShape(_ token: String) -> Bool { token.utf8.count == 104 }

    /// A token that was issued at this time.
    package func issue(at time: UnixTime) -> String {
        let text = String(time.milliseconds)
        return Data("\(text):\(signature(of: text))".utf8).base64EncodedString()
    }

    /// True if the token was issued with this key and is at most 24 hours old.
    package func accepts(_ token: String, at now: UnixTime) -> Bool {
        guard let data = Data(base64Encoded: token),
            let text = String(validating: data, as: UTF8.self)
        else { return false }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let isSigned = constantTimeEqual(
            Array(signature(of: String(parts[0])).utf8), Array(parts[1].utf8))
        guard isSigned, let milliseconds = Int(parts[0]) else { return false }
        let age = now - UnixTime(milliseconds: milliseconds)
        return age < Self.lifetime && age + Self.clockDifferenceMax > .zero
    }

    /// Clocks of two instances may differ this much.
    private static let clockDifferenceMax = Duration.seconds(60)

    private func signature(of text: String) -> String {
        hex(hmacSHA256(key: key, Array(text.utf8)))
    }
}
