import Glibc
import Synchronization
import WallClock

/// State of a part of the store.
package enum StoreState: String, Sendable {
    case ok
    /// The index does not answer, or the configured bucket is missing.
    case failing
    /// The disk has no room.
    case full
    /// The disk refuses writes.
    case unwritable
}

/// The last test of the disk, kept for a moment: health checks are frequent, and each test writes.
final class DiskProbe: Sendable {
    private let last = Mutex<(state: StoreState, at: ContinuousClock.Instant)?>(nil)
    /// Time for which a result counts.
    private static let lifetime = Duration.seconds(5)
    /// Size of the test file: more than one block, so that it needs room.
    private static let bytes = [UInt8](repeating: 0x5A, count: 64 << 10)

    /// Writes and removes a file in the folder, unless it did so a moment ago. Blocks on the disk.
    func state(of folder: String) -> StoreState {
        let now = ContinuousClock.now
        if let known = last.withLock({ $0 }), now - known.at < Self.lifetime { return known.state }
        let state = Self.probe(folder + "/.health")
        last.withLock { $0 = (state, now) }
        return state
    }

    private static func probe(_ path: String) -> StoreState {
        errno = 0
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return reason() }
        defer {
            close(file)
            unlink(path)
        }
        guard write(file, bytes, bytes.count) == bytes.count, fdatasync(file) == 0 else {
            return reason()
        }
        return .ok
    }

    private static func reason() -> StoreState {
        // A short write sets no error number: the disk became full within it.
        errno == 0 || errno == ENOSPC || errno == EDQUOT ? .full : .unwritable
    }
}

extension ObjectStoreServer {
    /// The state of the index and of the disk.
    package func health() async -> [(name: String, state: StoreState)] {
        let bucket = configuration.bucket
        var store = StoreState.ok
        do {
            try await read { try $0.requireBucket(bucket) }
        } catch {
            store = .failing
        }
        let disk =
            (try? await blobs.onDisk { [diskProbe, configuration] in
                diskProbe.state(of: configuration.dataFolder)
            }) ?? .unwritable
        return [("store", store), ("disk", disk)]
    }
}
