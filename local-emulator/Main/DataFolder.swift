import FoundationEssentials
import Glibc

/// The folder of all persistent data, locked by one emulator at a time.
final class DataFolder: Sendable {
    let path: String
    /// The descriptor that holds the lock; the kernel releases it when the process dies.
    private let lock: Int32

    /// Creates the folder if it is missing and locks it.
    /// - Throws: an error if the folder cannot be used or another emulator holds it.
    init(path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw DataFolderError(sentence: "The data folder \(path) cannot be created.")
        }
        guard let resolved = realpath(path, nil) else {
            throw DataFolderError(sentence: "The data folder \(path) cannot be resolved.")
        }
        self.path = String(cString: resolved)
        free(resolved)
        // Objects, keys and the queue are for this user alone. A folder of another user stays.
        chmod(self.path, 0o700)
        lock = open(self.path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw DataFolderError(sentence: "The data folder \(path) cannot be written.")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw DataFolderError(sentence: "Another emulator uses the data folder \(path).")
        }
    }

    deinit { close(lock) }

    /// Creates an empty folder for the instances' files; leftovers of a killed process are removed.
    func makeScratchFolder() throws -> String {
        let scratch = path + "/scratch"
        try? FileManager.default.removeItem(atPath: scratch)
        guard mkdir(scratch, 0o700) == 0 else {
            throw DataFolderError(sentence: "The folder \(scratch) cannot be created.")
        }
        return scratch
    }
}

/// The reason that a data folder cannot be used.
struct DataFolderError: Error, CustomStringConvertible {
    var sentence: String
    var description: String { sentence }
}
