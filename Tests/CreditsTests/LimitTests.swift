import Credits
import Database
import JSON
import TestSupport
import Testing
import WallClock

@Suite struct LimitTests {
    private static let start = UnixTime(seconds: 1_700_000_000)

    @Test func `a bucket refuses beyond its limit and fills with time`() {
        let limit = RateLimit(count: 3, window: .seconds(60))
        var bucket = TokenBucket(full: limit, at: Self.start)
        let first = (0..<4).map { _ in bucket.take(limit, at: Self.start) }
        #expect(first.map(\.isAllowed) == [true, true, true, false])
        #expect(first.map(\.remaining) == [2, 1, 0, 0])
        #expect(first[3].retryAfter == .seconds(20))
        #expect(!bucket.take(limit, at: Self.start + .milliseconds(19_999)).isAllowed)
        #expect(bucket.take(limit, at: Self.start + .seconds(21)).isAllowed)
        // A clock that runs behind adds nothing.
        #expect(!bucket.take(limit, at: Self.start - .seconds(600)).isAllowed)
        // A long pause adds no more than the limit.
        let later = Self.start + .seconds(3_600)
        #expect((0..<4).map { _ in bucket.take(limit, at: later).isAllowed }.last == false)
    }

    @Test func `the headers name the policy, the rest and the wait`() {
        let limit = RateLimit.perMinute(2)
        var bucket = TokenBucket(full: limit, at: Self.start)
        #expect(
            bucket.take(limit, at: Self.start).headers(name: "caller") == [
                "ratelimit-policy": #""caller";q=2;w=60"#, "ratelimit": #""caller";r=1;t=30"#,
            ])
        _ = bucket.take(limit, at: Self.start)
        let refused = bucket.take(limit, at: Self.start).headers(name: "address")
        #expect(refused["retry-after"] == "30")
        #expect(refused["ratelimit"] == #""address";r=0;t=60"#)
    }

    @Test(arguments: TestDatabase.kinds)
    func `processes share the buckets of a database`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            var settings = settings
            settings.schema = .migrate
            settings.timeMax = .seconds(60)
            let databases = (0..<3).map { _ in settings.database() }
            let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<90 {
                    let limiter = DatabaseRateLimiter(database: databases[index % 3])
                    group.addTask {
                        try await limiter.take([("a", .perMinute(10))], at: Self.start)[0].isAllowed
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == 10)
            for database in databases { await database.close() }
        }
    }

    @Test func `buckets in memory are bounded`() async {
        let limiter = MemoryRateLimiter(countMax: 10)
        for index in 0..<95 {
            let name = "a\(index)"
            _ = await limiter.take([(name, .perMinute(1))], at: Self.start)
        }
        let last = await limiter.take([("a94", .perMinute(1))], at: Self.start)
        #expect(last.map(\.isAllowed) == [false])
    }
}

@Suite struct PlanTests {
    @Test func `a file of plans is read whole`() throws {
        let text = """
            {"version": 1, "currency": "USD", "creditsPerCostUnit": 1000, "default": "free",
             "plans": {"free": {"credits": 100, "limits": {"concurrentExports": 1}},
                       "pro": {"credits": 2000, "price": 1900, "products": ["pdt_1", "price_1"],
                               "limits": {"storedBytes": 1000, "minutesPerMonth": 600, "members": 5}}}}
            """
        let plans = try Plans(parsing: Array(text.utf8))
        #expect(plans.defaultPlan.limits.concurrentExports == 1)
        #expect(plans.plan(ofProduct: "price_1")?.name == "pro")
        #expect(plans.plan(named: "gone").name == "free")
        #expect(plans.credits(forCost: 0.0123) == 13)
        #expect(plans.credits(forCost: 0) == 1)
    }

    @Test func `each fault of a file of plans is named`() {
        let text = """
            {"version": 2, "currency": "US", "creditsPerCostUnit": 0, "default": "x", "more": 1,
             "plans": {"a": {"credits": -1, "price": 1.5, "limits": {"members": 0, "x": 1}},
                       "b": {"products": ["p", ""]}}}
            """
        let faults = #expect(throws: PlanFaults.self) { try Plans(parsing: Array(text.utf8)) }
        #expect(
            Set(faults?.faults.map(\.pointer) ?? []) == [
                "/version", "/currency", "/creditsPerCostUnit", "/default", "/more",
                "/plans/a/credits", "/plans/a/price", "/plans/a/limits/members",
                "/plans/a/limits/x", "/plans/b/credits", "/plans/b/products",
            ])
    }
}
