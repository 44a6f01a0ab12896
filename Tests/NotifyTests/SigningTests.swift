import Crypto
import Notify
import Testing
import WallClock

/// Signatures of Standard Webhooks, and the rotation of secrets.
@Suite struct SigningTests {
    private static let start = UnixTime(seconds: 1_614_265_330)

    @Test func `the signature is that of the specification's example`() throws {
        // Standard Webhooks, reference implementations' test vector.
        let secret = try #require(
            WebhookSecret(
                text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", createdAt: Self.start))

        let headers = WebhookSecrets.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Self.start,
            body: Array(#"{"test": 2432232314}"#.utf8), secrets: WebhookSecrets(secret))

        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers[1].value == "1614265330")
        #expect(headers[2].value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `a rotated secret signs next to the new one until the overlap ends`() {
        let first = WebhookSecret(key: [UInt8](repeating: 1, count: 32), createdAt: Self.start)
        var secrets = WebhookSecrets(first)
        let rotation = Self.start + .seconds(100)
        secrets.rotate(
            to: WebhookSecret(key: [UInt8](repeating: 2, count: 32), createdAt: rotation),
            overlap: .seconds(60))

        func count(_ time: UnixTime) -> Int {
            WebhookSecrets.headers(id: "msg", at: time, body: [], secrets: secrets)[2].value
                .split(separator: " ").count
        }
        #expect(count(rotation) == 2)
        #expect(count(rotation + .seconds(59)) == 2)
        #expect(count(rotation + .seconds(60)) == 1)
    }

    @Test func `an overlap of zero ends the earlier secret at once`() {
        var secrets = WebhookSecrets(
            WebhookSecret(key: [UInt8](repeating: 1, count: 32), createdAt: Self.start))
        secrets.rotate(
            to: WebhookSecret(key: [UInt8](repeating: 2, count: 32), createdAt: Self.start),
            overlap: .zero)

        #expect(secrets.secrets.count == 1)
    }

    @Test(arguments: [
        "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64", "",
    ])
    func `a malformed secret is refused`(text: String) {
        #expect(WebhookSecret(text: text, createdAt: Self.start) == nil)
    }

    @Test func `a delivery without a secret has no signature`() {
        let headers = WebhookSecrets.headers(id: "a", at: Self.start, body: [], secrets: nil)

        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp"])
    }
}
