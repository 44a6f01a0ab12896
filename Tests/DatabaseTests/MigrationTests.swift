import Database
import FoundationEssentials
import TestSupport
import Testing

/// Numbered migrations: upgrades, refusals, and programs that start at once.
@Suite struct MigrationTests {
    private static let first = Migration(
        1, "a", "CREATE TABLE a(i BIGINT); INSERT INTO a VALUES(7)")
    private static let second = Migration(
        2, "b", "CREATE TABLE b(i BIGINT);\n-- a comment; with a semicolon\nUPDATE a SET i = i + 1;"
    )
    private static let broken = Migration(3, "c", "CREATE TABLE c(i BIGINT); CREATE TABL d")

    private func open(
        _ settings: DatabaseSettings, _ migrations: [Migration],
        _ rule: DatabaseSettings.SchemaRule = .migrate
    ) -> any Database {
        var settings = settings
        settings.migrations = migrations
        settings.schema = rule
        return settings.database()
    }

    private func value(_ database: any Database) async throws -> Int? {
        let found = try await database.read { try $0.first("SELECT i FROM a")?.integer("i") }
        await database.close()
        return found
    }

    private func expect(_ expected: Int, in database: any Database) async throws {
        let found = try await value(database)
        #expect(found == expected)
    }

    private func refusal(_ database: any Database) async throws -> DatabaseError? {
        let error = await #expect(throws: DatabaseError.self) {
            try await database.read { _ = try $0.query("SELECT 1 AS one") }
        }
        await database.close()
        return error
    }

    @Test(arguments: TestDatabase.kinds)
    func `missing migrations are applied once, in order`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            try await expect(7, in: open(settings, [Self.first]))
            for _ in 0..<2 {
                try await expect(8, in: open(settings, [Self.first, Self.second]))
            }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a newer database is refused with both versions`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            try await expect(8, in: open(settings, [Self.first, Self.second]))
            for rule in [DatabaseSettings.SchemaRule.migrate, .check] {
                let error = try await refusal(open(settings, [Self.first], rule))
                #expect(error?.code == .schema)
                #expect(
                    error?.detail
                        == "its schema has version 2, and this program knows versions up to 1")
            }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a changed migration is refused`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            try await expect(7, in: open(settings, [Self.first]))
            let other = Migration(1, "a", Self.first.sql + " ")
            let error = try await refusal(open(settings, [other, Self.second]))
            #expect(error?.detail == "migration 1 differs from the one that was applied")
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a program that only checks names the missing migrations`(
        kind: DatabaseKind
    ) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            let empty = try await refusal(open(settings, [Self.first], .check))
            #expect(empty?.detail == "1 migrations are missing: run spool migrate")
            try await expect(7, in: open(settings, [Self.first]))
            try await expect(7, in: open(settings, [Self.first], .check))
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a migration that fails leaves nothing behind`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            try await expect(7, in: open(settings, [Self.first]))
            let error = try await refusal(open(settings, [Self.first, Self.second, Self.broken]))
            #expect(error?.code == .statement)
            try await expect(7, in: open(settings, [Self.first], .check))
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `programs that start at once apply each migration once`(kind: DatabaseKind) async throws {
        try await TestDatabase.withSettings(kind) { settings in
            let values = try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<8 {
                    let database = open(settings, [Self.first, Self.second])
                    group.addTask { try await value(database) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: 8, count: 8))
        }
    }

    /// The program's own migrations, from each earlier version.
    @Test(arguments: TestDatabase.kinds)
    func `each earlier version of the schema is upgraded`(kind: DatabaseKind) async throws {
        for count in 0..<Migration.all.count {
            try await TestDatabase.withSettings(kind) { settings in
                let older = open(settings, Array(Migration.all.prefix(count)))
                _ = try await older.read { try $0.query("SELECT version FROM schema_migrations") }
                await older.close()
                let newer = open(settings, Migration.all)
                let version = try await newer.read { connection in
                    try connection.first("SELECT max(version) AS v FROM schema_migrations")?
                        .integer("v")
                }
                #expect(version == Migration.all.last?.version)
                await newer.close()
            }
        }
    }

    @Test func `versions of the migrations increase`() {
        let versions = Migration.all.map(\.version)
        #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// A file that is in the folder alone would never be applied.
    @Test func `every file is listed under its number and name`() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(folder)/Sources/Database/Migrations"
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(".sql") }.sorted()
        let listed = Migration.all.map { migration in
            let number = String(migration.version)
            return String(repeating: "0", count: 4 - number.count)
                + "\(number)-\(migration.name).sql"
        }
        #expect(files == listed)
        for (file, migration) in zip(files, Migration.all) {
            let text = FileManager.default.contents(atPath: "\(path)/\(file)")
            #expect(migration.sql == text.map { String(decoding: $0, as: UTF8.self) })
        }
    }
}
