import EmulatorDatabase
import TestSupport
import Testing
import WallClock

@testable import EmulatorLambda

/// Turns of owners in the asynchronous queue.
@Suite struct FairShareTests {
    private typealias Candidate = TurnDecision.Candidate

    private func waiting(_ id: Int, _ owner: String, long: Bool = false) -> Candidate {
        Candidate(id: id, place: QueuePlace(owner: owner, isLong: long))
    }

    @Test(
        arguments: [
            ("exports/ann/job_1/requests/00000000-00000300.chunk.json", "ann", false),
            ("exports/ann/job_1/requests/00004302-00008604.chunk.json", "ann", true),
            ("exports/ann/job_1/requests/audio.chunk.json", "ann", false),
            ("exports/ann/job_1/requests/audio-00000000-00002813.chunk.json", "ann", false),
            ("exports/ann/job_1/requests/all.stitch.json", "ann", false),
            ("uploads/bob/ast_1/10-2000.mp4", "bob", true), ("active/job_1", "", false),
            (nil, "", false),
        ] as [(String?, String, Bool)])
    func `owner and length are read from the key`(key: String?, owner: String, isLong: Bool) {
        #expect(QueuePlace(objectKey: key) == QueuePlace(owner: owner, isLong: isLong))
    }

    @Test func `an owner with less work is next, whatever the number of requests`() {
        var share = FairShare()
        // Ann's one invocation takes as long as ten of Bob's.
        let first = share.start("ann")
        share.end("ann", estimate: first, seconds: 100)
        var order: [String] = []
        for _ in 0..<11 {
            let owner = share.inTurn(["ann", "bob"])[0]
            order.append(owner)
            let estimate = share.start(owner)
            share.end(owner, estimate: estimate, seconds: owner == "ann" ? 100 : 10)
        }

        #expect(order == Array(repeating: "bob", count: 10) + ["ann"])
    }

    @Test func `an owner that returns does not have the shares it left unused`() {
        var share = FairShare()
        for _ in 0..<100 {
            let estimate = share.start("ann")
            share.end("ann", estimate: estimate, seconds: 10)
        }
        let estimate = share.start("bob")
        share.end("bob", estimate: estimate, seconds: 10)

        // Both have had work since Bob came, so they take turns.
        var order: [String] = []
        for _ in 0..<4 {
            order.append(share.inTurn(["ann", "bob"])[0])
            let estimate = share.start(order[order.count - 1])
            share.end(order[order.count - 1], estimate: estimate, seconds: 10)
        }
        #expect(order.count { $0 == "bob" } == 2)
    }

    @Test func `short work of an owner goes before its long work`() {
        let decision = TurnDecision(capacity: 2, runningCount: 0)
        let rows = [waiting(1, "ann", long: true), waiting(2, "ann"), waiting(3, "ann")]

        #expect(decision.next(among: rows, FairShare())?.id == 2)
    }

    @Test func `a guest with short work starts while another owner holds all places`() {
        var share = FairShare()
        _ = share.start("ann")
        _ = share.start("ann")
        let full = TurnDecision(capacity: 2, runningCount: 2)

        #expect(full.next(among: [waiting(1, "ann"), waiting(2, "bob")], share)?.id == 2)
        #expect(full.next(among: [waiting(1, "ann"), waiting(2, "bob", long: true)], share) == nil)
        _ = share.start("bob")
        let overfull = TurnDecision(capacity: 2, runningCount: 3)
        #expect(overfull.next(among: [waiting(3, "eve")], share) == nil)
    }

    /// One 24-hour 4k60 export and forty more of Ann, then one second of Bob: only Ann's running
    /// invocations are before Bob's, and none that waits.
    @Test func `many exports of one owner do not delay another's short one`() async throws {
        try await withQueue { database in
            try await database.transaction { connection in
                for export in 0..<41 {
                    for unit in 0..<16 {
                        let start = 4_302 * unit
                        try Self.append(
                            "ann", "job_\(export)", start, start + 4_302, in: connection)
                    }
                }
            }
            var share = FairShare()
            var ann = try await Self.due("ann", in: database)
            #expect(ann.count == 656)
            for _ in 0..<2 { _ = share.start(ann.removeFirst().place.owner) }
            try await database.transaction {
                try Self.append("bob", "job_b", 0, 30, in: $0)
            }
            let bob = try await Self.due("bob", in: database)

            // At once as a guest, and as the next when a place is free.
            for running in 1...2 {
                let decision = TurnDecision(capacity: 2, runningCount: running)
                let next = decision.next(
                    among: (ann + bob).map { Candidate(id: $0.id, place: $0.place) }, share)
                #expect(next?.place.owner == "bob")
            }
        }
    }

    @Test func `the queries of a pass seek in a queue of 50,000`() async throws {
        try await withQueue { database in
            try await database.transaction { connection in
                for row in 0..<50_000 {
                    try Self.append("owner\(row % 40)", "job", row, row + 30, in: connection)
                }
                let owners = try AsynchronousQueue.owners(function: "render", in: connection)
                #expect(owners.count == 40)
                #expect(
                    try AsynchronousQueue.due(
                        function: "render", owner: "owner7", now: 9_000, limit: 5, in: connection
                    ).count == 5)
                let statements = [
                    "SELECT * FROM async_invocation WHERE function = '' AND owner = '' AND "
                        + "is_long = 0 AND due_ms <= 0 ORDER BY due_ms, id LIMIT 1",
                    "SELECT min(owner) FROM async_invocation WHERE function = '' AND owner > ''",
                    "SELECT min(due_ms) AS due FROM async_invocation WHERE due_ms > 0",
                    "UPDATE async_invocation SET due_ms = 0 WHERE due_ms > 9",
                ]
                for statement in statements {
                    let plan = try connection.query("EXPLAIN QUERY PLAN " + statement)
                        .map { try $0.text("detail") }.joined(separator: " ")
                    #expect(plan.contains("SEARCH") && !plan.contains("SCAN"), "\(plan)")
                    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
                }
            }
        }
    }

    @Test func `times follow the clock when it is set`() async throws {
        try await withQueue { database in
            let times = try await database.transaction { connection in
                try Self.append("ann", "old", 0, 30, in: connection, now: 1_000)
                let forward = UnixTime(milliseconds: 1_000) + .seconds(29 * 3_600)
                try AsynchronousQueue.shift(
                    by: .seconds(29 * 3_600), now: forward, in: connection)
                let shifted = try AsynchronousQueue.due(
                    function: "render", owner: "ann", now: forward, limit: 9, in: connection)
                // The clock is right again: what is due in the future counts as due.
                try AsynchronousQueue.bringForward(
                    now: 5_000, delayMax: .seconds(6), in: connection)
                let due = try AsynchronousQueue.due(
                    function: "render", owner: "ann", now: 5_000, limit: 9, in: connection)
                return (shifted.map(\.createdAt), due.map(\.dueAt))
            }
            #expect(times.0 == [UnixTime(milliseconds: 1_000) + .seconds(29 * 3_600)])
            #expect(times.1 == [5_000])
        }
    }

    @Test func `a clock that is set is noticed, and drift is not`() {
        let steady = SuspendingClock.now
        var watch = ClockWatch(wall: 0, steady: steady)

        #expect(watch.jump(wall: 10_000, steady: steady + .seconds(12)) == nil)
        #expect(
            watch.jump(wall: UnixTime(milliseconds: 10_000) - .seconds(18_000), steady: steady)
                == .seconds(-17_988))
        #expect(watch.jump(wall: UnixTime(milliseconds: 0), steady: steady) == .seconds(17_990))
    }

    @Test func `pauses grow and a cause is logged once`() {
        var fault = RepeatedFault()
        let first = fault.failed("full")
        #expect(first.isNew && first.pause == RepeatedFault.pauseMin)
        let pauses = (0..<20).map { _ in fault.failed("full") }
        #expect(pauses.allSatisfy { !$0.isNew })
        #expect(pauses.last?.pause == RepeatedFault.pauseMax)
        #expect(fault.failed("input").isNew)
        #expect(fault.succeeded() == 22)
        #expect(fault.failed("full").isNew)
    }

    private func withQueue(_ body: (Database) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let database = try Database(path: folder + "/spool.sqlite")
            try await database.transaction { try AsynchronousQueue.create(in: $0) }
            try await body(database)
            await database.close()
        }
    }

    private static func append(
        _ owner: String, _ job: String, _ start: Int, _ end: Int, in connection: Connection,
        now: UnixTime = 1_000
    ) throws {
        try AsynchronousQueue.append(
            InvocationInput(
                requestID: "r", payload: [1], source: .event,
                objectKey: "exports/\(owner)/\(job)/requests/\(start)-\(end).chunk.json"),
            function: "render", now: now, in: connection)
    }

    private static func due(
        _ owner: String, in database: Database
    ) async throws -> [QueuedInvocation] {
        try await database.read {
            try AsynchronousQueue.due(
                function: "render", owner: owner, now: 9_000, limit: 1_000, in: $0)
        }
    }
}
