package import EmulatorDatabase
package import EmulatorHTTP
package import EmulatorStore
import Glibc
package import Logging

/// Settings of the shared volume.
package struct SharedVolumeConfiguration: Sendable, Equatable {
    /// The media folder: sources may be named by a path below it.
    package var mediaPath: String
    /// The folder of the job folders.
    package var exportsPath: String
    /// Time between two scans without an event.
    package var pollInterval: Duration
    /// Bearer token with which jobs of folders call the API; nil calls it without one.
    package var token: String?

    /// Reads `MEDIA_BASE_PATH`, `EXPORTS_PATH`, `POLL_INTERVAL_MS` and `SPOOL_VOLUME_TOKEN`.
    /// - Returns: nil without `MEDIA_BASE_PATH`: there is no shared volume.
    /// - Throws: `SharedVolumeError` for a value that cannot be used.
    package init?(environment: [String: String]) throws(SharedVolumeError) {
        guard let path = environment["MEDIA_BASE_PATH"], !path.isEmpty else { return nil }
        mediaPath = path
        exportsPath =
            environment["EXPORTS_PATH"].flatMap { $0.isEmpty ? nil : $0 }
            ?? (path.hasSuffix("/") ? path + "exports" : path + "/exports")
        let text = environment["POLL_INTERVAL_MS"] ?? "2000"
        guard let milliseconds = Int(text), (50...3_600_000).contains(milliseconds) else {
            throw SharedVolumeError(
                sentence: "POLL_INTERVAL_MS must be from 50 to 3600000, not \(text).")
        }
        pollInterval = .milliseconds(milliseconds)
        token = environment["SPOOL_VOLUME_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The reason why the shared volume cannot be used.
package struct SharedVolumeError: Error, Sendable, CustomStringConvertible {
    /// One sentence for the operator.
    package var sentence: String
    /// The sentence.
    package var description: String { sentence }
}

/// A folder that this machine shares with an editor: files in it are sources, and folders in
/// `exports` are jobs.
package final class SharedVolume: Sendable {
    /// The handler of the front port, for sources named by a path.
    package let front: any HTTPHandler
    private let folders: JobFolders
    private let watch: FolderWatch?
    private let configuration: SharedVolumeConfiguration
    private let logger: Logger
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// Opens the folders; the one of the exports is created if it is missing.
    /// - Parameter inner: The handler of the front port without a shared volume.
    /// - Throws: `SharedVolumeError` if a folder cannot be opened.
    package init(
        _ configuration: SharedVolumeConfiguration, inner: any HTTPHandler,
        store: ObjectStoreServer, database: Database, logger: Logger
    ) async throws {
        guard let root = OpenFolder(path: configuration.mediaPath) else {
            throw SharedVolumeError(
                sentence: "MEDIA_BASE_PATH \(configuration.mediaPath) is not a folder.")
        }
        mkdir(configuration.exportsPath, 0o775)
        guard let exports = OpenFolder(path: configuration.exportsPath) else {
            throw SharedVolumeError(
                sentence: "The folder of the exports \(configuration.exportsPath) cannot be used.")
        }
        try await database.transaction { try VolumeTables.create(in: $0) }
        let library = MediaLibrary(
            root: root, rootPath: configuration.mediaPath, api: VolumeAPI(front: inner),
            store: store, database: database, thread: VolumeThread(), logger: logger)
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        watch = FolderWatch { wake.yield() }
        watch?.add(exports)
        if watch == nil { logger.warning("Folders polled, not watched: out of inotify instances") }
        folders = JobFolders(
            ExportsFolder(root: exports), library,
            authorization: configuration.token.map { "Bearer \($0)" }, watch: watch)
        front = VolumeFront(inner: inner, library: library)
        self.configuration = configuration
        self.logger = logger
        (self.wakes, self.wake) = (wakes, wake)
    }

    /// Scans the folders on each change and at the interval, until the task is cancelled.
    package func run() async {
        let (wake, interval) = (wake, configuration.pollInterval)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while (try? await Task.sleep(for: interval)) != nil { wake.yield() }
                wake.finish()
            }
            wake.yield()
            for await _ in wakes {
                do {
                    try await folders.scan()
                } catch is CancellationError {
                    break
                } catch {
                    logger.warning("Scan of the exports failed", ["error": .string("\(error)")])
                }
            }
            group.cancelAll()
        }
        watch?.stop()
    }
}
