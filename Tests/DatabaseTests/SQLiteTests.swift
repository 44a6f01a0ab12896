import Database
import FoundationEssentials
import TestSupport
import Testing

/// Rules of the file.
@Suite struct SQLiteTests {
    @Test func `the file and its folder are readable by their owner alone`() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/new/spool.sqlite"
            let address = try #require(DatabaseAddress("sqlite:\(path)"))
            let database = DatabaseSettings(address: address).database()
            try await database.transaction { _ in }
            for name in ["", "-wal", "-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path + name)
                let mode = attributes[.posixPermissions] as? Int
                #expect(mode.map { $0 & 0o077 } == 0, "spool.sqlite\(name)")
            }
            await database.close()
        }
    }

    @Test func `a file that is no database is unavailable, and is read again later`() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/spool.sqlite"
            try Data(repeating: 65, count: 4_096).write(to: URL(filePath: path))
            let address = try #require(DatabaseAddress("sqlite:\(path)"))
            let database = DatabaseSettings(address: address).database()
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { _ in }
            }
            #expect(error?.code == .unavailable)
            try FileManager.default.removeItem(atPath: path)
            try await database.transaction { _ in }
            await database.close()
        }
    }

    @Test(arguments: [
        ("sqlite:/a/b.sqlite", "sqlite:/a/b.sqlite"),
        ("postgres://u:p@h:5432/n?sslmode=disable", "postgres://h:5432/n"),
        ("postgresql://h/n", "postgres://h/n"), ("postgres:///n?password=x", "postgres:///n"),
    ])
    func `an address is shown without its password`(text: String, shown: String) throws {
        #expect(try #require(DatabaseAddress(text)).description == shown)
    }

    @Test(arguments: ["", "sqlite:", "mysql://h/n", "/a/b.sqlite", "postgres:/h"])
    func `other addresses are refused`(text: String) {
        #expect(DatabaseAddress(text) == nil)
    }
}
