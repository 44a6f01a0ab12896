import EmulatorDatabase
import TestSupport
import Testing

@Suite struct DatabaseTests {
    private struct Refusal: Error {}

    private func withDatabase(_ body: (Database) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let database = try Database(path: folder + "/spool.sqlite")
            try await database.transaction { connection in
                try connection.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, v)")
            }
            try await body(database)
            await database.close()
        }
    }

    @Test func `values of every type survive a round trip`() async throws {
        try await withDatabase { database in
            let values: [SQLValue] = [
                .null, .integer(.min), .real(0.1), .text(""), .text("a\0b ü"), .blob([]),
                .blob([0, 255]),
            ]
            try await database.transaction { connection in
                for value in values { try connection.execute("INSERT INTO t(v) VALUES(?)", value) }
            }

            let read = try await database.read { connection in
                try connection.query("SELECT v FROM t ORDER BY i").map { try $0.value("v") }
            }

            #expect(read == values)
        }
    }

    @Test func `a body that throws changes nothing, and the rest of its batch is committed`()
        async throws
    {
        try await withDatabase { database in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        do {
                            try await database.transaction { connection in
                                try connection.execute("INSERT INTO t(v) VALUES(?)", number)
                                if number % 2 == 0 { throw Refusal() }
                            }
                        } catch is Refusal {}
                    }
                }
                try await group.waitForAll()
            }

            let read = try await database.read { connection in
                try connection.query("SELECT v FROM t ORDER BY v").map { try $0.integer("v") }
            }

            #expect(read == (0..<100).filter { $0 % 2 == 1 })
        }
    }

    @Test func `a reader cannot write, and a closed database refuses`() async throws {
        try await withDatabase { database in
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

    @Test func `an error names its kind and its statement`() async throws {
        try await withDatabase { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { connection in
                    try connection.execute("INSERT INTO t(i) VALUES(1)")
                    try connection.execute("INSERT INTO t(i) VALUES(1)")
                }
            }
            #expect(
                error?.description
                    == "Database constraint error in \"INSERT INTO t(i) VALUES(1)\": "
                    + "UNIQUE constraint failed: t.i.")
        }
    }

    @Test func `the outbox returns events in order until they are removed`() async throws {
        try await withDatabase { database in
            let event = ObjectEvent(
                bucket: "b", key: "k ü", eventName: "ObjectCreated:Put", bytes: 3, etag: "e",
                sequencer: "0A", time: 5, requestID: "r")
            let left = try await database.transaction { connection in
                try ObjectEventOutbox.create(in: connection)
                for _ in 0..<3 { try ObjectEventOutbox.append(event, in: connection) }
                try ObjectEventOutbox.remove([1], in: connection)
                return try ObjectEventOutbox.oldest(limit: 1, in: connection)
            }

            var expected = event
            expected.id = 2
            #expect(left == [expected])
        }
    }
}
