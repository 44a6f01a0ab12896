import Arguments
import Database
import HTTPTransport
package import SpoolCommands

/// Runs `spool migrate`: brings the schema of a database up to this program's.
/// - Parameter arguments: Arguments without `spool migrate`.
/// - Returns: the process's exit status: 0 done, 1 failed, 2 wrong command line.
package func runMigrateCommand(
    _ arguments: [String], environment: [String: String], context: CommandContext
) async -> Int32 {
    let options = [ArgumentOption(name: "--check"), ArgumentOption(name: "--help", short: "-h")]
    let parsed = try? ParsedArguments(arguments, options: options, of: "spool migrate")
    let wantsHelp = parsed?.flags.contains("--help") == true
    guard let parsed, !wantsHelp, parsed.positionals.count <= 1 else {
        (wantsHelp ? context.standardOutput : context.standardError)(Array(help.utf8))
        return wantsHelp ? 0 : 2
    }
    let text = parsed.positionals.first ?? environment["SPOOL_DATABASE"] ?? ""
    guard let address = DatabaseAddress(text) else {
        context.standardError(
            Array("The address of the database is not sqlite:PATH or postgres://HOST/NAME.\n".utf8))
        return 2
    }
    var settings = DatabaseSettings(
        address: address, certificatesFile: certificatesFile(environment))
    settings.schema = parsed.flags.contains("--check") ? .check : .migrate
    let database = settings.database()
    do {
        let version = try await database.read { connection in
            try connection.first("SELECT max(version) AS v FROM schema_migrations")?.integer("v")
        }
        await database.close()
        context.standardOutput(
            Array("\(address): the schema has version \(version ?? 0)\n".utf8))
        return 0
    } catch {
        await database.close()
        context.standardError(Array("\(error)\n".utf8))
        return 1
    }
}

private let help = """
    spool migrate [ADDRESS]: applies the missing migrations of a database.

    ADDRESS is sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; without it SPOOL_DATABASE is
    used. One program migrates at a time, the others wait. A database that is newer than this
    program is refused. --check changes nothing and fails if a migration is missing.

    """
