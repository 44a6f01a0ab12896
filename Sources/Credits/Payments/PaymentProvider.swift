import Crypto
import Notify
package import WallClock

/// A payment provider and the form of its webhooks.
package enum PaymentProvider: String, Sendable, Hashable, CaseIterable {
    /// DodoPayments: signed as Standard Webhooks says.
    case dodo
    /// Stripe.
    case stripe
}

/// The secrets by which the webhooks of a provider are verified: several during a rotation.
package struct PaymentSecrets: Sendable {
    /// The provider.
    package let provider: PaymentProvider
    private let secrets: [String]

    /// - Parameter text: Secrets, separated by commas.
    /// - Returns: nil if there is none, or one is not of the provider's form.
    package init?(_ provider: PaymentProvider, _ text: String) {
        self.provider = provider
        secrets = text.split(separator: ",").map { String($0) }
        guard !secrets.isEmpty else { return nil }
        for secret in secrets where provider == .dodo {
            guard WebhookSecret(text: secret, createdAt: UnixTime(milliseconds: 0)) != nil else {
                return nil
            }
        }
    }

    /// Reasons why a webhook is refused.
    package enum Refusal: String, Error, Sendable {
        case unsigned = "The signature is missing or malformed."
        case wrong = "The signature is wrong."
        case old = "The signature is older or newer than five minutes."
    }

    /// Verifies a webhook.
    /// - Parameter headers: Names in lower case.
    /// - Returns: The event's ID if it is a header; nil if it is in the body.
    package func verify(
        _ headers: [String: String], body: [UInt8], at now: UnixTime
    ) throws(Refusal) -> String? {
        switch provider {
        case .dodo:
            guard let id = headers["webhook-id"], !id.isEmpty, id.utf8.count <= 200,
                let seconds = headers["webhook-timestamp"],
                let signatures = headers["webhook-signature"]
            else { throw .unsigned }
            let expected = secrets.compactMap {
                WebhookSecret(text: $0, createdAt: now)?.key
            }.map { WebhookSignature.standard(key: $0, id: id, seconds: seconds, body: body) }
            let given = signatures.split(separator: " ").filter { $0.hasPrefix("v1,") }
                .map { String($0.dropFirst(3)) }
            try check(given, expected, seconds, now)
            return id
        case .stripe:
            let parts = (headers["stripe-signature"] ?? "").split(separator: ",")
                .map { $0.split(separator: "=", maxSplits: 1) }.filter { $0.count == 2 }
            guard let seconds = parts.first(where: { $0[0] == "t" }).map({ String($0[1]) }) else {
                throw .unsigned
            }
            let expected = secrets.map {
                WebhookSignature.stripe(secret: $0, seconds: seconds, body: body)
            }
            try check(
                parts.filter { $0[0] == "v1" }.map { String($0[1]) }, expected, seconds, now)
            return nil
        }
    }

    private func check(
        _ given: [String], _ expected: [String], _ seconds: String, _ now: UnixTime
    ) throws(Refusal) {
        guard !given.isEmpty, given.count <= 16 else { throw .unsigned }
        var isRight = false
        // Every pair is compared, so that timing reveals nothing.
        for signature in given {
            for candidate in expected
            where constantTimeEqual(Array(signature.utf8), Array(candidate.utf8)) {
                isRight = true
            }
        }
        guard isRight else { throw .wrong }
        guard WebhookSignature.isCurrent(seconds, at: now) else { throw .old }
    }
}
