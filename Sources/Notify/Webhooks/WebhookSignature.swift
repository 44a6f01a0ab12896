import Crypto
package import WallClock

/// Signatures of webhooks, for those that are sent and those that come in.
package enum WebhookSignature {
    /// The signature of Standard Webhooks, version 1, in base64.
    package static func standard(
        key: [UInt8], id: String, seconds: String, body: [UInt8]
    ) -> String {
        base64(hmacSHA256(key: key, Array("\(id).\(seconds).".utf8) + body))
    }

    /// The signature of Stripe, scheme v1, in lower-case hex. The key is the whole secret.
    package static func stripe(secret: String, seconds: String, body: [UInt8]) -> String {
        hex(hmacSHA256(key: Array(secret.utf8), Array("\(seconds).".utf8) + body))
    }

    /// Difference between the time of a signature and now beyond which it is refused.
    package static let ageMax = Duration.seconds(300)

    /// True if the text is a time in Unix seconds within `ageMax` of now.
    package static func isCurrent(_ seconds: String, at now: UnixTime) -> Bool {
        guard let number = Int(seconds), (0...99_999_999_999).contains(number) else { return false }
        let age = now - UnixTime(seconds: number)
        return age <= ageMax && age >= .zero - ageMax
    }
}
