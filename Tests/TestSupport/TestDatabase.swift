package import Database
import Foundation
import Synchronization

/// Empty databases of both kinds for tests.
package enum TestDatabase {
    /// Kinds that tests run on: both, or the one of `SPOOL_DATABASE`.
    package static var kinds: [DatabaseKind] {
        guard let address else { return DatabaseKind.allCases }
        return [address.kind]
    }

    /// Runs the body with the settings of a new database, which is removed afterwards.
    package static func withSettings<T>(
        _ kind: DatabaseKind, _ body: (DatabaseSettings) async throws -> T
    ) async throws -> T {
        switch kind {
        case .sqlite:
            return try await withTemporaryFolder { folder in
                try await body(settings("sqlite:\(folder)/test.sqlite"))
            }
        case .postgres:
            let name = "t_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
            let server = address == nil ? TestPostgres.shared.url : variable ?? ""
            try await administer(server) { try $0.runScript("CREATE DATABASE \(name)") }
            let outcome: Result<T, any Error>
            do {
                outcome = .success(try await body(settings(url(server, database: name))))
            } catch { outcome = .failure(error) }
            try await administer(server) {
                try $0.runScript("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            }
            return try outcome.get()
        }
    }

    /// Runs the body with a new database that has the program's schema.
    package static func withDatabase<T>(
        _ kind: DatabaseKind, _ body: (any Database) async throws -> T
    ) async throws -> T {
        try await withSettings(kind) { settings in
            var settings = settings
            settings.schema = .migrate
            let database = settings.database()
            do {
                let value = try await body(database)
                await database.close()
                return value
            } catch {
                await database.close()
                throw error
            }
        }
    }

    /// The URL with another database's name.
    package static func url(_ url: String, database name: String) -> String {
        let end = url.firstIndex(of: "?") ?? url.endIndex
        guard let slash = url[..<end].lastIndex(of: "/") else { return url }
        return String(url[...slash]) + name + url[end...]
    }

    private static var variable: String? {
        ProcessInfo.processInfo.environment["SPOOL_DATABASE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static var address: DatabaseAddress? { variable.flatMap { DatabaseAddress($0) } }

    private static func settings(_ text: String) -> DatabaseSettings {
        guard let address = DatabaseAddress(text) else {
            preconditionFailure("The address is valid.")
        }
        return DatabaseSettings(address: address)
    }

    /// Runs a statement that no transaction may contain.
    private static func administer(
        _ url: String, _ body: @escaping @Sendable (any DatabaseConnection) throws -> Void
    ) async throws {
        var settings = settings(url)
        settings.schema = .ignore
        let database = settings.database()
        try await database.transaction { connection in
            try connection.runScript("COMMIT")
            try body(connection)
            try connection.runScript("BEGIN")
        }
        await database.close()
    }
}

/// A PostgreSQL server of `scripts/test-postgres`, which ends with this process.
package final class TestPostgres: Sendable {
    /// The server of this process.
    package static let shared = TestPostgres()

    private struct Description: Decodable {
        var url: String
        var tls: String
        var ca: String
    }

    /// Address of its database `postgres` by a socket.
    package let url: String
    /// Address by TCP, at the name `localhost` of the server's certificate.
    package let urlOfTLS: String
    /// Path of the authority that signed the certificate.
    package let authorityFile: String
    private let commands: Pipe
    private let answers: Mutex<Pipe>

    /// Starts a server. Blocks for some seconds.
    package init() {
        let script = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/\(script)/scripts/test-postgres")
        let commands = Pipe()
        let answers = Pipe()
        process.standardInput = commands
        process.standardOutput = answers
        do {
            try process.run()
            let line = Self.line(of: answers)
            let found = try JSONDecoder().decode(Description.self, from: Data(line.utf8))
            url = found.url
            urlOfTLS = found.tls
            authorityFile = found.ca
        } catch {
            preconditionFailure("scripts/test-postgres does not start: \(error)")
        }
        self.commands = commands
        self.answers = Mutex(answers)
    }

    /// Kills the server. Connections break.
    package func stop() { command("stop") }

    /// Starts the server after `stop`.
    package func start() { command("start") }

    private func command(_ word: String) {
        answers.withLock { answers in
            commands.fileHandleForWriting.write(Data("\(word)\n".utf8))
            _ = Self.line(of: answers)
        }
    }

    private static func line(of pipe: Pipe) -> String {
        var line: [UInt8] = []
        while let byte = pipe.fileHandleForReading.readData(ofLength: 1).first, byte != 10 {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
