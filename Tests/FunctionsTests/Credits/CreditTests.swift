import Credits
import Database
import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import Notify
import ObjectStore
import Testing
import TestSupport
import WallClock

@testable import Functions

/// Credits of exports, through the functions, on both databases.
@Suite struct CreditTests {
    private func plans(credits: Int, limits: Plan.Limits = Plan.Limits()) -> Plans {
        Plans(
            currency: "USD", creditsPerCostUnit: 1_000_000,
            defaultPlan: Plan(name: "free", credits: credits, limits: limits), plans: [:])
    }

    private func withHarness(
        _ kind: DatabaseKind, credits: Int = 100_000, limits: Plan.Limits = Plan.Limits(),
        _ body: (FunctionHarness, CreditLedger) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(kind) { database in
            var harness = FunctionHarness()
            let ledger = CreditLedger(
                database: database, plans: plans(credits: credits, limits: limits),
                now: { [clock = harness.clock] in clock.now })
            harness.credits.ledger = ledger
            try await body(harness, ledger)
        }
    }

    /// An address at which no database can be opened.
    private func down(_ ledger: CreditLedger) throws -> CreditLedger {
        let address = try #require(DatabaseAddress("sqlite:/dev/null/none"))
        return CreditLedger(
            database: DatabaseSettings(address: address).database(), plans: ledger.plans,
            now: ledger.now)
    }

    private func settle(_ harness: FunctionHarness) async throws -> SettleCredits.Report {
        var context = FunctionHarness.context
        context.deadline = harness.clock.now + .seconds(60)
        let bytes = try await Registry.handler(
            .settleCredits, harness.services(harness.allowed(.settleCredits, nil)))(
                Array("{}".utf8), context)
        return try JSONDecoder().decode(SettleCredits.Report.self, from: Data(bytes))
    }

    @Test(arguments: TestDatabase.kinds)
    func `an export holds its estimate and is settled by its cost`(
        kind: DatabaseKind
    ) async throws {
        try await withHarness(kind) { harness, ledger in
            let asset = try await harness.asset()
            let job = try await harness.export(asset)
            var balance = try await ledger.balance(of: "local")
            #expect(balance.held > 0)
            #expect(balance.balance + balance.held == 100_000)
            try await harness.run(job)
            for _ in 0..<2 {
                try await harness.deliver(harness.keys(job).result.text, to: .notify)
            }
            let cost = try await harness.result(job)?.usage?.cost?.total ?? 0
            let used = min(ledger.plans.credits(forCost: cost), balance.held)
            balance = try await ledger.balance(of: "local")
            #expect(balance.balance == 100_000 - used)
            #expect(balance.held == 0)
            let answer = try await harness.call(.credits, "GET", "/api/credits/local")
            #expect(answer.json["balance"]?.integer == balance.balance)
            let first = try await harness.call(
                .credits, "GET", "/api/credits/local/history", query: ["limit": "2"])
            let cursor = try #require(first.json["nextCursor"]?.text)
            let second = try await harness.call(
                .credits, "GET", "/api/credits/local/history",
                query: ["limit": "2", "cursor": cursor])
            guard case .array(let newest)? = first.json["entries"],
                case .array(let oldest)? = second.json["entries"]
            else { throw HarnessError(text: "\(first) \(second)") }
            #expect((newest + oldest).map { $0["kind"]?.text } == ["settle", "hold", "grant"])
            #expect(second.json["nextCursor"] == nil)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a cancelled export gives its credits back`(kind: DatabaseKind) async throws {
        try await withHarness(kind) { harness, ledger in
            let job = try await harness.export(try await harness.asset())
            _ = try await harness.call(.cancelExport, "DELETE", "/api/export/\(job.text)")
            // The event is lost: the schedule finds the result.
            harness.clock.advance(by: .seconds(61))
            #expect(try await settle(harness).settled == 1)
            let balance = try await ledger.balance(of: "local")
            #expect(balance.balance == 100_000)
            #expect(balance.held == 0)
            let entries = try await ledger.history(of: "local", countMax: 1)
            #expect(entries.map(\.kind) == [.refund])
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a balance that is too small refuses the start and writes no export`(
        kind: DatabaseKind
    ) async throws {
        try await withHarness(kind, credits: 1) { harness, ledger in
            let asset = try await harness.asset()
            let answer = try await harness.call(
                .startExport, "POST", "/", FunctionHarness.edit(asset))
            #expect(answer.status == 402)
            #expect(answer.json["error"]?.text == "Not enough credits")
            #expect(answer.json["balance"]?.integer == 1)
            #expect(!harness.memory.keys.contains { $0.hasPrefix("exports/") })
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a plan's number of exports is answered with 429`(kind: DatabaseKind) async throws {
        try await withHarness(
            kind, limits: Plan.Limits(concurrentExports: 1)
        ) { harness, _ in
            let asset = try await harness.asset()
            _ = try await harness.export(asset)
            let answer = try await harness.send(
                .startExport, "POST", "/", FunctionHarness.edit(asset))
            #expect(answer.statusCode == 429)
            #expect(answer.headers["retry-after"] == "60")
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a plan's stored bytes refuse an upload, and a database that is down refuses none`(
        kind: DatabaseKind
    ) async throws {
        try await withHarness(kind, limits: Plan.Limits(storedBytes: 5_000)) { harness, ledger in
            var harness = harness
            let body = #"{"filename":"a.mp4","contentType":"video/mp4","size":4000}"#
            for (bytes, status) in [(100, 200), (2_000, 402)] {
                try await harness.memory.putObject(
                    .bytes(Array(repeating: 0, count: bytes)), at: ObjectKey("uploads/local/x"),
                    options: PutOptions())
                let answer = try await harness.call(.initUpload, "POST", "/", body)
                #expect(answer.status == status)
            }
            harness.credits.ledger = try down(ledger)
            let answer = try await harness.call(.initUpload, "POST", "/", body)
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `an export while the database is down is charged when it is back`(
        kind: DatabaseKind
    ) async throws {
        try await withHarness(kind) { harness, ledger in
            var harness = harness
            let asset = try await harness.asset()
            harness.credits.ledger = try down(ledger)
            let running = try await harness.export(asset)
            let ended = try await harness.export(asset)
            try await harness.run(ended)
            try await harness.deliver(harness.keys(ended).result.text, to: .notify)
            let status = try await harness.call(.credits, "GET", "/api/credits/local")
            #expect(status.status == 503)

            harness.credits.ledger = ledger
            let report = try await settle(harness)
            #expect(report.late == 2)
            harness.clock.advance(by: .seconds(61))
            #expect(try await settle(harness).settled == 1)
            let holds = try await ledger.openHolds(before: harness.clock.now, countMax: 9)
            #expect(holds.map(\.jobID) == [running.text])
            #expect(!harness.memory.keys.contains { $0.hasPrefix("charges/") })
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a hold without an export expires, and one that runs is kept`(
        kind: DatabaseKind
    ) async throws {
        try await withHarness(kind) { harness, ledger in
            let job = try await harness.export(try await harness.asset())
            let charge = CreditCharge(jobID: "job_1_lost", amount: 7, output: .seconds(1))
            _ = try await ledger.hold([charge], of: "local")
            harness.clock.advance(by: CreditLedger.holdTimeMax + .seconds(1))
            let report = try await settle(harness)
            #expect(report.settled == 0)
            #expect(report.expired == 1)
            let holds = try await ledger.openHolds(before: harness.clock.now, countMax: 9)
            #expect(holds.map(\.jobID) == [job.text])
        }
    }

    @Test func `without plans nothing is charged and the routes are not found`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)
        for path in ["/api/credits/local", "/api/credits/local/history"] {
            #expect(try await harness.call(.credits, "GET", path).status == 404)
        }
        #expect(!harness.memory.keys.contains { $0.hasPrefix("charges/") })
    }

    @Test(arguments: TestDatabase.kinds)
    func `another workspace is not found`(kind: DatabaseKind) async throws {
        try await withHarness(kind) { harness, _ in
            for path in ["/api/credits/other", "/api/credits/local/more", "/api/credits"] {
                #expect(try await harness.call(.credits, "GET", path).status == 404, "\(path)")
            }
            let page = try await harness.call(
                .credits, "GET", "/api/credits/local/history",
                query: ["limit": "101", "cursor": "-1"])
            #expect(page.status == 400)
        }
    }
}

/// Limits of the rate, before a function is called.
@Suite struct RequestRateTests {
    private func harness(address: Int?, caller: Int?, proxies: String = "") throws
        -> FunctionHarness
    {
        var harness = FunctionHarness(tokens: ["t": .local])
        harness.credits.rates = RequestRates(
            limiter: MemoryRateLimiter(), address: address.map { .perMinute($0) },
            caller: caller.map { .perMinute($0) }, proxies: try #require(TrustedProxies(proxies)))
        return harness
    }

    @Test func `requests beyond the limit of an address are answered with 429`() async throws {
        let harness = try harness(address: 2, caller: nil)
        var answers: [FunctionURLResponse] = []
        for _ in 0..<3 {
            answers.append(try await harness.send(.projects, "GET", "/api/projects", token: "t"))
        }
        #expect(answers.map(\.statusCode) == [200, 200, 429])
        #expect(answers[0].headers["ratelimit"] == #""address";r=1;t=30"#)
        #expect(answers[2].headers["retry-after"] == "30")
        harness.clock.advance(by: .seconds(31))
        let later = try await harness.send(.projects, "GET", "/api/projects", token: "t")
        #expect(later.statusCode == 200)
    }

    @Test func `a caller's limit counts each credential, and health has none`() async throws {
        let harness = try harness(address: nil, caller: 1)
        let first = try await harness.send(.projects, "GET", "/api/projects", token: "t")
        let second = try await harness.send(.projects, "GET", "/api/projects", token: "t")
        let other = try await harness.send(.projects, "GET", "/api/projects", token: "u")
        #expect(first.statusCode == 200)
        #expect(second.statusCode == 429)
        #expect(other.statusCode == 401)
        for _ in 0..<3 {
            let health = try await harness.send(.health, "GET", "/api/health", token: "t")
            #expect(health.statusCode == 200)
        }
    }

    @Test(arguments: [
        ("", "198.51.100.7", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8,10.0.0.0/8", "203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::/0", "198.51.100.7", "127.0.0.1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
    ])
    func `only a trusted proxy names the client`(
        proxies: String, header: String, client: String
    ) throws {
        let request = FunctionURLRequest(
            method: "GET", rawPath: "/", headers: header.isEmpty ? [:] : ["x-forwarded-for": header]
        )
        #expect(try #require(TrustedProxies(proxies)).client(of: request) == client)
    }

    @Test(arguments: ["a", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "1.2.3"])
    func `a malformed proxy is refused`(text: String) {
        #expect(TrustedProxies(text) == nil)
    }
}

/// Webhooks of payment providers, as requests.
@Suite struct PaymentRequestTests {
    @Test func `a webhook without a signature is refused, a known one is applied once`()
        async throws
    {
        try await TestDatabase.withDatabase(.sqlite) { database in
            var harness = FunctionHarness()
            let pro = Plan(name: "pro", credits: 50, products: ["pdt_1"])
            let plans = Plans(
                currency: "USD", creditsPerCostUnit: 1, defaultPlan: Plan(name: "a", credits: 0),
                plans: ["pro": pro])
            harness.credits.ledger = CreditLedger(
                database: database, plans: plans, now: { [clock = harness.clock] in clock.now })
            let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            harness.credits.payments = [try #require(PaymentSecrets(.dodo, secret))]
            let body = """
                {"type":"subscription.active","timestamp":"2023-11-14T22:13:20Z","data":{
                "subscription_id":"s","product_id":"pdt_1","metadata":{"workspace_id":"w"}}}
                """
            let path = "/api/payments/webhooks/dodo"
            let key = try #require(WebhookSecret(text: secret, createdAt: 0)?.key)
            let seconds = String(harness.clock.now.seconds)
            let signature = WebhookSignature.standard(
                key: key, id: "e1", seconds: seconds, body: Array(body.utf8))
            let headers = [
                "webhook-id": "e1", "webhook-timestamp": seconds,
                "webhook-signature": "v1,\(signature)",
            ]
            let unsigned = try await harness.call(.payments, "POST", path, body)
            #expect(unsigned.status == 401)
            for _ in 0..<2 {
                let answer = try await harness.call(.payments, "POST", path, body, headers: headers)
                #expect(answer.status == 200)
                #expect(answer.json["outcome"]?.text == "created")
            }
            let changed = try await harness.call(
                .payments, "POST", path, body + " ", headers: headers)
            #expect(changed.status == 401)
            let other = try await harness.call(
                .payments, "POST", "/api/payments/webhooks/stripe", body, headers: headers)
            #expect(other.status == 404)
            #expect(try await harness.credits.ledger?.balance(of: "w").balance == 50)
        }
    }
}
