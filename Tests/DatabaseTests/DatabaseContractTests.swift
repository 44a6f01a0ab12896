import Database
import TestSupport
import Testing
import Threads
import WallClock

/// One contract for both drivers.
@Suite struct DatabaseContractTests {
    private struct Refusal: Error, Equatable {}

    /// A database with a table `t`.
    private func withTable(
        _ kind: DatabaseKind, _ body: (any Database) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(kind) { database in
            try await database.transaction { connection in
                try connection.execute(
                    """
                    CREATE TABLE t(i BIGINT PRIMARY KEY, n BIGINT UNIQUE, r DOUBLE PRECISION,
                      s TEXT, b BYTEA)
                    """)
            }
            try await body(database)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `values of every type survive a round trip`(kind: DatabaseKind) async throws {
        try await withTable(kind) { database in
            let integers: [Int?] = [.min, -1, 0, .max, nil]
            let reals: [Double?] = [0.1, -1e300, 1e-300, 0, nil]
            let texts: [String?] = ["", "a 'ü' \\ \"$1\" 🎬", "\\x00\n\t", nil, "?"]
            let blobs: [[UInt8]?] = [[], [0, 255, 92, 39], Array(0...255), nil, [0]]
            try await database.transaction { connection in
                for index in 0..<5 {
                    try connection.execute(
                        "INSERT INTO t(i, n, r, s, b) VALUES($1, $2, $3, $4, $5)", index,
                        integers[index], reals[index], texts[index], blobs[index])
                }
            }
            try await database.read { connection in
                let rows = try connection.query("SELECT * FROM t ORDER BY i")
                for (index, row) in rows.enumerated() {
                    #expect(try row.optionalInteger("n") == integers[index])
                    #expect(
                        try row.value("r") == (reals[index].map { .real($0) } ?? .null))
                    #expect(try row.optionalText("s") == texts[index])
                    #expect(try row.optionalBlob("b") == blobs[index])
                }
                #expect(rows.count == 5)
            }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `parameters are found by number, in any order and more than once`(
        kind: DatabaseKind
    ) async throws {
        try await withTable(kind) { database in
            let changed = try await database.transaction { connection in
                try connection.execute("INSERT INTO t(n, i, r) VALUES($2, $1, $2)", 1, 20)
                try connection.execute("INSERT INTO t(i, n) VALUES($1, $2)", 2, 21)
                return try connection.change("UPDATE t SET n = n + $2 WHERE i >= $1", 1, 100)
            }
            #expect(changed == 2)
            let sum = try await database.read { connection in
                let row = try connection.first("SELECT sum(n) AS s, count(*) AS c FROM t")
                return [try row?.integer("s"), try row?.integer("c")]
            }
            #expect(sum == [241, 2])
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { try $0.execute("DELETE FROM t WHERE i = $1") }
            }
            #expect(error?.code == .statement)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a body that throws changes nothing, and the others are committed`(
        kind: DatabaseKind
    ) async throws {
        try await withTable(kind) { database in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        do {
                            try await database.transaction { connection in
                                try connection.execute("INSERT INTO t(i) VALUES($1)", number)
                                if number % 2 == 0 { throw Refusal() }
                            }
                        } catch is Refusal {}
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await database.read { connection in
                try connection.query("SELECT i FROM t ORDER BY i").map { try $0.integer("i") }
            }
            #expect(rows == (0..<60).filter { $0 % 2 == 1 })
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a constraint is named, and a caught failure is not committed`(
        kind: DatabaseKind
    ) async throws {
        try await withTable(kind) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { connection in
                    try connection.execute("INSERT INTO t(i, n) VALUES(1, 1)")
                    _ = try? connection.execute("INSERT INTO t(i, n) VALUES(2, 1)")
                }
            }
            #expect(error?.code == .constraint)
            await #expect(throws: Refusal()) {
                try await database.transaction { connection in
                    do {
                        try connection.execute("INSERT INTO t(i, n) VALUES(1, 1), (2, 1)")
                    } catch let error as DatabaseError where error.code == .constraint {
                        throw Refusal()
                    }
                }
            }
            let count = try await database.read { connection in
                try connection.first("SELECT count(*) AS c FROM t")?.integer("c")
            }
            #expect(count == 0)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a conflicting insert can be ignored or update the row`(kind: DatabaseKind) async throws {
        try await withTable(kind) { database in
            let counts = try await database.transaction { connection in
                let insert = "INSERT INTO t(i, n) VALUES($1, $2) ON CONFLICT (i) DO NOTHING"
                let first = try connection.change(insert, 1, 1)
                let second = try connection.change(insert, 1, 2)
                let row = try connection.first(
                    """
                    INSERT INTO t(i, n) VALUES($1, $2)
                    ON CONFLICT (i) DO UPDATE SET n = t.n + excluded.n RETURNING n
                    """, 1, 40)
                return [first, second, try row?.integer("n")]
            }
            #expect(counts == [1, 0, 41])
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a reader cannot write, and a closed database refuses`(kind: DatabaseKind) async throws {
        try await withTable(kind) { database in
            await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.execute("DELETE FROM t") }
            }
            await database.close()
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { try $0.execute("DELETE FROM t") }
            }
            #expect(error?.code == .closed)
        }
    }

    /// Each connection reads a sum and writes by it: a lost update would show in the end.
    @Test(arguments: TestDatabase.kinds)
    func `transactions of several connections are serializable`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            var settings = settings
            settings.schema = .migrate
            settings.timeMax = .seconds(60)
            let databases = (0..<4).map { _ in settings.database() }
            try await databases[0].transaction { connection in
                try connection.execute("CREATE TABLE t(i BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
                try connection.execute("INSERT INTO t VALUES(1, 0)")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<80 {
                    let database = databases[index % databases.count]
                    group.addTask {
                        try await database.transaction { connection in
                            let row = try connection.first("SELECT n FROM t WHERE i = 1")
                            let value = try row?.integer("n") ?? 0
                            try connection.execute("UPDATE t SET n = $1 WHERE i = 1", value + 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let total = try await databases[1].read { connection in
                try connection.first("SELECT n FROM t")?.integer("n")
            }
            #expect(total == 80)
            for database in databases { await database.close() }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a reader sees one snapshot`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            var settings = settings
            settings.schema = .migrate
            let reader = settings.database()
            let writer = settings.database()
            try await writer.transaction { connection in
                try connection.execute("CREATE TABLE t(i BIGINT PRIMARY KEY)")
                try connection.execute("INSERT INTO t VALUES(1)")
            }
            let (started, wasStarted) = AsyncStream.makeStream(of: Void.self)
            let written = Wakeups()
            async let counts = reader.read { connection in
                let count = "SELECT count(*) AS c FROM t"
                let before = try connection.first(count)?.integer("c")
                wasStarted.finish()
                // A thread of the database, which may block.
                written.wait()
                return [before, try connection.first(count)?.integer("c")]
            }
            for await _ in started {}
            try await writer.transaction { try $0.execute("INSERT INTO t VALUES(2)") }
            written.signal()
            let seen = try await counts
            #expect(seen == [1, 1])
            await reader.close()
            await writer.close()
        }
    }
}
