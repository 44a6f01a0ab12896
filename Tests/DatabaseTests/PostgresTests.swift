import Database
import Synchronization
import TestSupport
import Testing

/// Rules of the connection to a server.
@Suite(.enabled(if: TestDatabase.kinds.contains(.postgres)))
struct PostgresTests {
    private func settings(_ text: String) throws -> DatabaseSettings {
        var settings = DatabaseSettings(address: try #require(DatabaseAddress(text)))
        settings.schema = .ignore
        return settings
    }

    @Test func `a connection that the server closed is replaced, and the work runs again`()
        async throws
    {
        try await TestDatabase.withDatabase(.postgres) { database in
            for _ in 0..<3 {
                try await database.transaction { connection in
                    try connection.execute("CREATE TABLE IF NOT EXISTS t(i BIGINT)")
                }
                let killed = try await database.read { connection in
                    try connection.first("SELECT pg_backend_pid() AS pid")?.integer("pid")
                }
                let other = try settings(TestPostgres.shared.url).database()
                try await other.read { connection in
                    try connection.execute("SELECT pg_terminate_backend($1::int)", killed)
                }
                await other.close()
                try await database.transaction { try $0.execute("INSERT INTO t VALUES(1)") }
            }
            let count = try await database.read { connection in
                try connection.first("SELECT count(*) AS c FROM t")?.integer("c")
            }
            #expect(count == 3)
        }
    }

    @Test func `a server that is down is unavailable until it is back`() async throws {
        let server = TestPostgres()
        let database = try settings(server.url).database()
        try await database.read { _ = try $0.query("SELECT 1 AS one") }
        server.stop()
        for _ in 0..<2 {
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { _ = try $0.query("SELECT 1 AS one") }
            }
            #expect(error?.code == .unavailable, "\(error?.description ?? "")")
        }
        server.start()
        try await database.read { _ = try $0.query("SELECT 1 AS one") }
        await database.close()
    }

    @Test func `a statement beyond the time limit is ended`() async throws {
        var settings = try settings(TestPostgres.shared.url)
        settings.timeMax = .milliseconds(50)
        let database = settings.database()
        let error = await #expect(throws: DatabaseError.self) {
            try await database.read { _ = try $0.query("SELECT pg_sleep(60)") }
        }
        #expect(error?.code == .busy)
        try await database.read { _ = try $0.query("SELECT 1 AS one") }
        await database.close()
    }

    @Test func `a server is verified by its name and its authority`() async throws {
        let server = TestPostgres.shared
        var trusted = try settings(server.urlOfTLS + "?sslmode=verify-full")
        trusted.certificatesFile = server.authorityFile
        let isEncrypted = try await trusted.database().read { connection in
            try connection.first(
                "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")?.boolean("ssl")
        }
        #expect(isEncrypted == true)

        let otherName = server.urlOfTLS.replacing("localhost", with: "127.0.0.1")
        var named = try settings(otherName + "?sslmode=verify-full")
        named.certificatesFile = server.authorityFile
        var signed = try settings(server.urlOfTLS + "?sslmode=verify-full")
        signed.certificatesFile = "/etc/ssl/certs/ca-certificates.crt"
        for settings in [named, signed] {
            let error = await #expect(throws: DatabaseError.self) {
                try await settings.database().read { _ = try $0.query("SELECT 1 AS one") }
            }
            #expect(error?.code == .unavailable)
            #expect(error?.detail.contains("certificate") == true, "\(error?.detail ?? "")")
        }
    }

    @Test func `no session state is left after a transaction`() async throws {
        let database = try settings(TestPostgres.shared.url).database()
        try await database.transaction { _ = try $0.query("SELECT $1 AS v", 1) }
        let left = try await database.read { connection in
            try connection.runScript("COMMIT")
            let statements = try connection.query("SELECT name FROM pg_prepared_statements")
            let limit = try connection.first("SHOW statement_timeout")?.text("statement_timeout")
            try connection.runScript("BEGIN")
            return (statements.count, limit)
        }
        #expect(left == (0, "0"))
        await database.close()
    }

    @Test func `a text with a zero byte is refused`() async throws {
        let database = try settings(TestPostgres.shared.url).database()
        let error = await #expect(throws: DatabaseError.self) {
            try await database.read { _ = try $0.query("SELECT $1 AS v", "a\0b") }
        }
        #expect(error?.code == .statement)
        await database.close()
    }
}
