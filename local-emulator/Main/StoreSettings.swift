import EmulatorStore
import Glibc
import Logging

/// Address and credentials of the store, from the environment.
struct StoreSettings: Sendable {
    let bucket: String
    let accessKeyID: String
    let secretAccessKey: String
    /// Origins whose pages may call the store and the functions.
    let origins: [String]
    private let dataFolder: String

    init(environment: [String: String], dataFolder: String) {
        bucket = environment["SPOOL_BUCKET"] ?? "spool"
        accessKeyID = environment["AWS_ACCESS_KEY_ID"] ?? "spool"
        secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"] ?? "spool-secret"
        origins = allowedOrigins(environment["FRONTEND_URL"])
        self.dataFolder = dataFolder
    }

    /// The path of the file with the store's index and the invocation queue.
    var databasePath: String { dataFolder + "/spool.sqlite" }

    func configuration(_ logger: Logger) -> ObjectStoreConfiguration {
        ObjectStoreConfiguration(
            dataFolder: dataFolder + "/objects",
            credentials: StoreCredentials(
                accessKeyID: accessKeyID, secretAccessKey: secretAccessKey),
            bucket: bucket, allowedOrigins: origins,
            onDurabilityLost: { endAtOnce($0, logger) })
    }
}

/// Ends the process at once after a disk failure; the next start reads the data on disk.
private func endAtOnce(_ reason: String, _ logger: Logger) {
    logger.error("Emulator ended: the disk failed", ["error": .string(reason)])
    // EX_IOERR of sysexits.h. Nothing is flushed or closed first.
    _exit(74)
}
