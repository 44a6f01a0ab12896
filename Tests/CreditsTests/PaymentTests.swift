import Credits
import Database
import JSON
import Notify
import TestSupport
import Testing
import WallClock

@Suite struct PaymentSignatureTests {
    /// The example of the Standard Webhooks libraries.
    @Test func `the published example of Standard Webhooks verifies`() throws {
        let secrets = try #require(PaymentSecrets(.dodo, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let headers = [
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ]
        let body = Array(#"{"test": 2432232314}"#.utf8)
        let id = try secrets.verify(headers, body: body, at: UnixTime(seconds: 1_614_265_331))
        #expect(id == "msg_p5jXN8AQM9LWM0D4loKWxJek")
    }

    /// Made with `printf '%s' "$t.$body" | openssl dgst -sha256 -hmac whsec_test_secret`.
    private static let stripeSignature =
        "654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543"

    @Test func `a signature of Stripe verifies`() throws {
        let secrets = try #require(PaymentSecrets(.stripe, "whsec_other,whsec_test_secret"))
        let body = Array(#"{"id":"evt_1","object":"event"}"#.utf8)
        let header = "t=1492774577,v1=00,v1=\(Self.stripeSignature),v0=6ffb"
        let id = try secrets.verify(
            ["stripe-signature": header], body: body, at: UnixTime(seconds: 1_492_774_600))
        #expect(id == nil)
    }

    @Test(arguments: [
        ("wrong", "msg_1", "1614265330", "v1,AAAA", 1_614_265_330),
        ("wrong", "msg_2", "1614265330", "", 1_614_265_330),
        ("wrong", "msg_1", "1614265331", "", 1_614_265_330),
        ("old", "msg_1", "1614265330", "", 1_614_265_330 + 301),
        ("old", "msg_1", "1614265330", "", 1_614_265_330 - 301),
        ("unsigned", "", "1614265330", "", 1_614_265_330),
        ("unsigned", "msg_1", "1614265330", "v1a,AAAA", 1_614_265_330),
    ])
    func `a forged, changed or old webhook is refused`(
        reason: String, id: String, seconds: String, signature: String, now: Int
    ) throws {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let key = try #require(WebhookSecret(text: secret, createdAt: UnixTime(seconds: 0))?.key)
        let right = WebhookSignature.standard(
            key: key, id: "msg_1", seconds: "1614265330", body: [1])
        let headers = [
            "webhook-id": id, "webhook-timestamp": seconds,
            "webhook-signature": signature.isEmpty ? "v1,\(right)" : signature,
        ]
        let secrets = try #require(PaymentSecrets(.dodo, secret))
        let refusal = #expect(throws: PaymentSecrets.Refusal.self) {
            try secrets.verify(headers, body: [1], at: UnixTime(seconds: now))
        }
        #expect(refusal.map { "\($0)" } == reason)
    }

    @Test(arguments: ["", ",", "secret", "whsec_AAAA"])
    func `a malformed secret is refused`(text: String) {
        #expect(PaymentSecrets(.dodo, text) == nil)
    }
}

/// The life of a subscription by webhooks, on both databases.
@Suite struct SubscriptionTests {
    private static let plans = Plans(
        currency: "USD", creditsPerCostUnit: 1_000, defaultPlan: Plan(name: "free", credits: 0),
        plans: [
            "free": Plan(name: "free", credits: 0),
            "pro": Plan(name: "pro", credits: 500, products: ["pdt_pro", "price_pro"]),
            "team": Plan(name: "team", credits: 2_000, products: ["pdt_team", "price_team"]),
        ])

    private func dodo(
        _ id: String, _ type: String, at second: Int, product: String = "pdt_pro",
        next: String = "2026-12-01T00:00:00Z"
    ) throws -> PaymentEvent {
        let time = UnixTime(seconds: 1_790_000_000 + second).rfc3339
        return try event(
            .dodo, id,
            """
            {"business_id":"bus_1","type":"\(type)","timestamp":"\(time)","data":{
            "payload_type":"Subscription","subscription_id":"sub_1","product_id":"\(product)",
            "next_billing_date":"\(next)","metadata":{"workspace_id":"w"}}}
            """)
    }

    private func event(
        _ provider: PaymentProvider, _ id: String?, _ text: String
    ) throws -> PaymentEvent {
        try #require(
            PaymentEvent(provider, id: id, try JSONValue(parsing: Array(text.utf8))))
    }

    private func withLedger(
        _ kind: DatabaseKind, _ body: (CreditLedger) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(kind) { database in
            try await body(
                CreditLedger(
                    database: database, plans: Self.plans,
                    now: { UnixTime(seconds: 1_790_000_000) }))
        }
    }

    private func expect(
        _ plan: String, _ balance: Int, after events: [(PaymentEvent, String)],
        _ ledger: CreditLedger
    ) async throws {
        for (event, outcome) in events {
            let found = try await ledger.record(event, payload: "{}")
            #expect(found == outcome, "\(event.id)")
        }
        let found = try await ledger.balance(of: "w")
        #expect(found.plan == plan)
        #expect(found.balance == balance)
    }

    @Test(arguments: TestDatabase.kinds)
    func `a subscription is created, renewed, upgraded, downgraded and cancelled`(
        kind: DatabaseKind
    ) async throws {
        try await withLedger(kind) { ledger in
            let created = try dodo("e1", "subscription.active", at: 0)
            // The first period's renewal is the same payment.
            let same = try dodo("e2", "subscription.renewed", at: 1)
            try await expect(
                "pro", 500,
                after: [(created, "created"), (created, "created"), (same, "renewed")], ledger)
            let second = "2027-01-01T00:00:00Z"
            let renewed = try dodo("e3", "subscription.renewed", at: 10, next: second)
            try await expect("pro", 1_000, after: [(renewed, "renewed")], ledger)
            let up = try dodo("e4", "subscription.plan_changed", at: 20, product: "pdt_team")
            try await expect("team", 2_500, after: [(up, "changed"), (up, "changed")], ledger)
            let down = try dodo("e5", "subscription.plan_changed", at: 30)
            try await expect("pro", 2_500, after: [(down, "changed")], ledger)
            let failed = try dodo("e6", "subscription.on_hold", at: 40)
            try await expect("pro", 2_500, after: [(failed, "payment-failed")], ledger)
            let cancelled = try dodo("e7", "subscription.cancelled", at: 50)
            let late = try dodo("e8", "subscription.plan_changed", at: 45, product: "pdt_team")
            try await expect(
                "free", 2_500,
                after: [(cancelled, "cancelled"), (late, "changed: an older event")], ledger)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a paid period counts although its event is late`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger in
            let created = try dodo("e1", "subscription.active", at: 0)
            let cancelled = try dodo("e2", "subscription.cancelled", at: 9)
            try await expect(
                "free", 500,
                after: [
                    (cancelled, "cancelled"), (created, "created: an older event"),
                ], ledger)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `events of Stripe have the same effect`(kind: DatabaseKind) async throws {
        func subscription(_ id: String, _ type: String, _ price: String, at second: Int) throws
            -> PaymentEvent
        {
            try event(
                .stripe, nil,
                """
                {"id":"\(id)","type":"customer.subscription.\(type)","created":\(second),"data":{
                "object":{"id":"sub_9","status":"active","metadata":{"workspace_id":"w"},
                "items":{"data":[{"price":{"id":"\(price)"},"current_period_end":2000000000}]}}}}
                """)
        }
        func invoice(_ id: String, _ type: String, at second: Int) throws -> PaymentEvent {
            try event(
                .stripe, nil,
                """
                {"id":"\(id)","type":"invoice.\(type)","created":\(second),"data":{"object":{
                "billing_reason":"subscription_cycle","parent":{"subscription_details":{
                "subscription":"sub_9"}},"lines":{"data":[{"period":{"end":2100000000},
                "pricing":{"price_details":{"price":"price_pro"}}}]}}}}
                """)
        }
        try await withLedger(kind) { ledger in
            try await expect(
                "pro", 1_000,
                after: [
                    (try subscription("evt_1", "created", "price_pro", at: 1), "created"),
                    (try subscription("evt_2", "updated", "price_pro", at: 2), "changed"),
                    (try invoice("evt_3", "paid", at: 3), "renewed"),
                ], ledger)
            try await expect(
                "team", 2_500,
                after: [
                    (try subscription("evt_4", "updated", "price_team", at: 4), "changed"),
                    (try invoice("evt_5", "payment_failed", at: 5), "payment-failed"),
                ], ledger)
            try await expect(
                "free", 2_500,
                after: [(try subscription("evt_6", "deleted", "price_team", at: 6), "cancelled")],
                ledger)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `unknown events are kept without an effect`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger in
            let other = try event(
                .stripe, nil, #"{"id":"evt_7","type":"charge.refunded","created":1}"#)
            let product = try dodo("e1", "subscription.active", at: 0, product: "pdt_none")
            try await expect(
                "free", 0,
                after: [(other, "kept"), (product, "kept: no plan has this product")], ledger)
            let count = try await ledger.database.read { connection in
                try connection.first("SELECT count(*) AS c FROM payment_events")?.integer("c")
            }
            #expect(count == 2)
        }
    }
}
