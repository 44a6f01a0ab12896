import EmulatorDatabase
import EmulatorLambda
import EmulatorStore
import Logging

/// Reads every object of an unused data folder and reports damaged ones.
/// - Returns: the exit status: 1 if an object is damaged.
func scrubCommand(
    dataFolder: String, environment: [String: String], logger: Logger
) async throws -> Int32 {
    let folder = try DataFolder(path: dataFolder)
    let settings = try StoreSettings(
        environment: environment, dataFolder: folder.path, rules: BucketRules(),
        access: try AccessPolicy(
            environment: environment, host: "127.0.0.1", dataFolder: folder.path))
    let database = try Database(path: settings.databasePath)
    let store = try await ObjectStoreServer(
        configuration: settings.configuration(logger), database: database, logger: logger)
    let report = try await store.scrub()
    await database.close()
    for damage in report.damaged {
        writeText("\(damage.bucket)/\(damage.key): \(damage.reason)\n", to: 1)
    }
    writeText(
        "\(report.objects) objects, \(report.bytes) bytes, \(report.damaged.count) damaged\n",
        to: 1)
    withExtendedLifetime(folder) {}
    return report.damaged.isEmpty ? 0 : 1
}
