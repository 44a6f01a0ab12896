import Credits
import Database
import Synchronization
import TestSupport
import Testing
import WallClock

/// The ledger on both databases.
@Suite struct CreditLedgerTests {
    private static let plans = Plans(
        currency: "USD", creditsPerCostUnit: 1_000, defaultPlan: Plan(name: "free", credits: 100),
        plans: [
            "free": Plan(name: "free", credits: 100),
            "small": Plan(
                name: "small", credits: 10,
                limits: Plan.Limits(minutesPerMonth: 2, concurrentExports: 2)),
        ])

    private static let start = UnixTime(milliseconds: 1_700_000_000_000)

    private func withLedger(
        _ kind: DatabaseKind, plan: String = "free",
        _ body: (CreditLedger, Time) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(kind) { database in
            let time = Time()
            var plans = Self.plans
            plans.defaultPlan = plans.plan(named: plan)
            let ledger = CreditLedger(database: database, plans: plans, now: { time.now })
            try await body(ledger, time)
        }
    }

    private final class Time: Sendable {
        private let value = Mutex(CreditLedgerTests.start)
        var now: UnixTime { value.withLock { $0 } }
        func advance(by duration: Duration) { value.withLock { $0 = $0 + duration } }
    }

    private func charge(_ job: Int, _ amount: Int, seconds: Int = 1) -> CreditCharge {
        CreditCharge(jobID: "job_1_\(job)", amount: amount, output: .seconds(seconds))
    }

    @Test(arguments: TestDatabase.kinds)
    func `an export is held once and ended once`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger, _ in
            for _ in 0..<2 {
                let outcome = try await ledger.hold([charge(1, 30)], of: "w")
                #expect(outcome == .held)
            }
            var balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held, balance.runningExports] == [70, 30, 1])
            for end in [HoldEnd.settled(used: 12), .settled(used: 12), .refunded, .expired] {
                try await ledger.end("job_1_1", as: end)
            }
            balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held, balance.runningExports] == [88, 0, 0])
            let again = try await ledger.hold([charge(1, 30)], of: "w")
            #expect(again == .ended)
            let entries = try await ledger.history(of: "w", countMax: 10)
            #expect(entries.map(\.kind) == [.settle, .hold, .grant])
            #expect(entries.map(\.amount) == [18, -30, 100])
            #expect(entries.map(\.balance) == [88, 70, 100])
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `more than was held is never charged, and a failure gives everything back`(
        kind: DatabaseKind
    ) async throws {
        try await withLedger(kind) { ledger, _ in
            _ = try await ledger.hold([charge(1, 40), charge(2, 40)], of: "w")
            try await ledger.end("job_1_1", as: .settled(used: 500))
            try await ledger.end("job_1_2", as: .refunded)
            try await ledger.end("job_1_3", as: .refunded)
            let balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held] == [60, 0])
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `exports of one request are held together or not at all`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger, _ in
            let outcome = try await ledger.hold([charge(1, 60), charge(2, 60)], of: "w")
            #expect(outcome == .insufficient(balance: 100, needed: 120))
            let balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held] == [100, 0])
        }
    }

    /// 1,000 starts of 3 credits from several connections: 33 fit into 100.
    @Test(arguments: TestDatabase.kinds)
    func `the balance is never negative under a thousand starts at once`(
        kind: DatabaseKind
    ) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            var settings = settings
            settings.schema = .migrate
            settings.timeMax = .seconds(120)
            let databases = (0..<4).map { _ in settings.database() }
            let held = try await withThrowingTaskGroup(of: Bool.self) { group in
                for job in 0..<1_000 {
                    let ledger = CreditLedger(
                        database: databases[job % databases.count], plans: Self.plans,
                        now: { Self.start })
                    let charge = charge(job, 3)
                    group.addTask { try await ledger.hold([charge], of: "w") == .held }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(held == 33)
            let ledger = CreditLedger(
                database: databases[0], plans: Self.plans, now: { Self.start })
            let balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held, balance.runningExports] == [1, 99, 33])
            let entries = try await ledger.history(of: "w", countMax: 1_000)
            #expect(entries.reduce(0) { $0 + $1.amount } == 1)
            #expect(entries.allSatisfy { $0.balance >= 0 })
            #expect(entries.map(\.number) == Array((1...34).reversed()))
            for database in databases { await database.close() }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `the limits of a plan refuse exports and minutes`(kind: DatabaseKind) async throws {
        try await withLedger(kind, plan: "small") { ledger, time in
            _ = try await ledger.hold([charge(1, 1), charge(2, 1)], of: "w")
            let third = try await ledger.hold([charge(3, 1)], of: "w")
            #expect(third == .tooManyExports(limit: 2))
            try await ledger.end("job_1_1", as: .refunded)
            let long = try await ledger.hold([charge(3, 1, seconds: 120)], of: "w")
            #expect(long == .tooManyMinutes(limit: 2))
            try await ledger.end("job_1_2", as: .settled(used: 1))
            time.advance(by: .seconds(31 * 86_400))
            let next = try await ledger.hold([charge(3, 1, seconds: 120)], of: "w")
            #expect(next == .held)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `the default plan gives its credits once in a month`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger, time in
            for _ in 0..<2 { _ = try await ledger.balance(of: "w") }
            time.advance(by: .seconds(31 * 86_400))
            let balance = try await ledger.balance(of: "w")
            #expect(balance.balance == 200)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a hold that is recorded late takes no more than the balance`(
        kind: DatabaseKind
    ) async throws {
        try await withLedger(kind) { ledger, _ in
            for _ in 0..<2 { try await ledger.holdLate(charge(1, 80), of: "w") }
            try await ledger.holdLate(charge(2, 80), of: "w")
            let balance = try await ledger.balance(of: "w")
            #expect([balance.balance, balance.held] == [0, 100])
            let holds = try await ledger.openHolds(before: Self.start, countMax: 10)
            #expect(holds.map(\.amount).sorted() == [20, 80])
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a page of the history begins after a number`(kind: DatabaseKind) async throws {
        try await withLedger(kind) { ledger, _ in
            for number in 1...5 {
                for _ in 0..<2 {
                    _ = try await ledger.add(
                        10, to: "w", as: .purchase, cause: "p\(number)", note: "ü")
                }
            }
            let isTaken = try await ledger.add(-1_000, to: "w", as: .adjust, cause: "a")
            #expect(!isTaken)
            let first = try await ledger.history(of: "w", countMax: 2)
            let second = try await ledger.history(of: "w", before: first.last?.number, countMax: 2)
            #expect((first + second).map(\.cause) == ["p5", "p4", "p3", "p2"])
            #expect(try await ledger.history(of: "other", countMax: 2).isEmpty)
        }
    }
}
