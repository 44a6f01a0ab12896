import EmulatorLambda
import EmulatorStore
import Glibc
import Logging

/// Address and credentials of the store, from the environment.
struct StoreSettings: Sendable {
    let bucket: String
    private let access: AccessPolicy
    private let dataFolder: String
    /// Percent of the volume up to which uploads are accepted; nil for no limit.
    private let diskPercentMax: Int?
    private let rules: BucketRules
    private let uploadBytesMax: Int

    /// - Throws: a sentence about the first invalid variable.
    init(
        environment: [String: String], dataFolder: String, rules: BucketRules,
        access: AccessPolicy
    ) throws(EmulatorOptionsError) {
        self.rules = rules
        // Files of a shared volume are linked, so S3's limit applies to them.
        let isShared = environment["MEDIA_BASE_PATH"] != nil
        uploadBytesMax =
            try number(environment, "SPOOL_UPLOAD_MAX_BYTES", 1...(5 << 40))
            ?? (isShared ? 5 << 40 : 5 << 30)
        diskPercentMax = try number(environment, "SPOOL_DISK_PERCENT_MAX", 1...100)
        bucket = environment["SPOOL_BUCKET"] ?? "spool"
        self.access = access
        self.dataFolder = dataFolder
    }

    /// The path of the file with the store's index and the invocation queue.
    var databasePath: String { dataFolder + "/spool.sqlite" }

    func configuration(_ logger: Logger) -> ObjectStoreConfiguration {
        var configuration = ObjectStoreConfiguration(
            dataFolder: dataFolder + "/objects",
            credentials: StoreCredentials(
                accessKeyID: access.accessKeyID, secretAccessKey: access.secretAccessKey),
            bucket: bucket, allowedOrigins: access.origins,
            onDurabilityLost: { endAtOnce($0, logger) })
        configuration.pageRules = access.pageRules
        if access.functionKeys.accessKeyID != access.accessKeyID {
            configuration.ownKeys = access.functionKeys
        }
        configuration.uploadBytesMax = uploadBytesMax
        configuration.volumeLimit = volumeLimit
        let day = Duration.seconds(86_400)
        configuration.expiry.objects = (rules.expirationDays ?? [:]).mapValues { day * $0 }
        configuration.expiry.uploads = rules.abortIncompleteUploadDays.map { day * $0 }
        return configuration
    }

    /// True if the volume has room for so many more bytes of uploads.
    var admitsUpload: @Sendable (_ bytes: Int) -> Bool {
        guard let limit = volumeLimit else { return { _ in true } }
        return { limit.admits($0) }
    }

    /// The limit of the volume that holds the data; nil without one.
    private var volumeLimit: VolumeLimit? {
        let folder = dataFolder
        return diskPercentMax.map { percent in
            VolumeLimit(percentMax: percent) { VolumeUsage(of: folder) }
        }
    }
}

/// Ends the process at once after a disk failure; the next start reads the data on disk.
private func endAtOnce(_ reason: String, _ logger: Logger) {
    logger.error("Emulator ended: the disk failed", ["error": .string(reason)])
    // EX_IOERR of sysexits.h. Nothing is flushed or closed first.
    _exit(74)
}

/// A whole number in the environment; nil if it is not set.
/// - Throws: a sentence that names the variable and its bounds.
func number(
    _ environment: [String: String], _ name: String, _ bounds: ClosedRange<Int>
) throws(EmulatorOptionsError) -> Int? {
    guard let text = environment[name], !text.isEmpty else { return nil }
    guard let number = Int(text), bounds.contains(number) else {
        throw EmulatorOptionsError(
            sentence: "\(name) \(text) is not a number from \(bounds.lowerBound) to "
                + "\(bounds.upperBound).")
    }
    return number
}
