import FoundationEssentials
import Glibc

/// Operations on local files.
enum FileSystem {
    /// Size in bytes; 0 if there is no file.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static func write(_ text: String, to path: String) throws(FFmpegError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
        } catch {
            throw FFmpegError(.diskFull, "The file \(path) cannot be written.")
        }
    }

    static func read(_ path: String) throws(FFmpegError) -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw FFmpegError(.failed, "The file \(path) cannot be read.")
        }
    }

    /// The last bytes of a file; fewer if it is shorter.
    static func tail(of path: String, count: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let offset = max(0, size(of: path) - count)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }

    /// Truncates a file to its first `bytes` bytes.
    static func truncate(_ path: String, to bytes: Int) throws(FFmpegError) {
        guard Glibc.truncate(path, off_t(bytes)) == 0 else {
            throw FFmpegError(.failed, "The file \(path) cannot be truncated.")
        }
    }

    static func remove(_ path: String) { _ = unlink(path) }
}
