import Crypto
package import WallClock

/// A secret that signs webhooks: `whsec_` and the base64 of its key (Standard Webhooks).
package struct WebhookSecret: Hashable, Sendable, Codable {
    /// The secret as the receiver gets it.
    package var text: String
    /// Time of its creation.
    package var createdAt: UnixTime
    /// End of the overlap after a rotation; nil while it is the current one.
    package var expiresAt: UnixTime?

    private enum CodingKeys: String, CodingKey {
        case text, createdAt = "createdAtMilliseconds", expiresAt = "expiresAtMilliseconds"
    }

    private static let prefix = "whsec_"
    /// Bytes of a new key; Standard Webhooks asks for 24 to 64.
    package static let keyBytes = 32

    /// A secret with this key.
    package init(key: [UInt8], createdAt: UnixTime) {
        text = Self.prefix + base64(key)
        self.createdAt = createdAt
    }

    /// - Returns: nil unless the text is `whsec_` and base64 of 24 to 64 bytes.
    package init?(text: String, createdAt: UnixTime) {
        self.text = text
        self.createdAt = createdAt
        guard let key, (24...64).contains(key.count) else { return nil }
    }

    /// The key of the HMAC; nil if the text is malformed.
    package var key: [UInt8]? {
        guard text.hasPrefix(Self.prefix) else { return nil }
        return bytes(base64: String(text.dropFirst(Self.prefix.count)))
    }

    /// True until the overlap after a rotation ends.
    package func isActive(at now: UnixTime) -> Bool { expiresAt.map { now < $0 } ?? true }
}

/// The secrets of one endpoint, the current one first.
package struct WebhookSecrets: Hashable, Sendable, Codable {
    /// The current secret and those of the overlap.
    package private(set) var secrets: [WebhookSecret]

    /// One secret.
    package init(_ secret: WebhookSecret) { secrets = [secret] }

    /// Adds a secret as the current one. The others sign until the overlap ends, at most
    /// `countMax` in all.
    package mutating func rotate(to secret: WebhookSecret, overlap: Duration) {
        let now = secret.createdAt
        var kept = secrets.filter { $0.isActive(at: now) }
        for index in kept.indices {
            let end = now + overlap
            kept[index].expiresAt = min(kept[index].expiresAt ?? end, end)
        }
        secrets = Array(([secret] + kept.filter { $0.isActive(at: now) }).prefix(Self.countMax))
    }

    private static let countMax = 4

    /// The headers of one attempt: `webhook-id`, `webhook-timestamp` in seconds, and
    /// `webhook-signature` with one signature for each active secret.
    /// - Parameter secrets: nil sends no signature.
    package static func headers(
        id: String, at now: UnixTime, body: [UInt8], secrets: WebhookSecrets?
    ) -> [(name: String, value: String)] {
        let seconds = String(now.seconds)
        var headers = [(name: "webhook-id", value: id), ("webhook-timestamp", seconds)]
        let signatures = (secrets?.secrets ?? []).filter { $0.isActive(at: now) }
            .compactMap(\.key).map { key in
                "v1," + WebhookSignature.standard(key: key, id: id, seconds: seconds, body: body)
            }
        if !signatures.isEmpty {
            headers.append(("webhook-signature", signatures.joined(separator: " ")))
        }
        return headers
    }
}
