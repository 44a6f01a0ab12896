import FoundationEssentials
import Glibc

/// The few things that are done to local files.
enum FileSystem {
    /// Size in bytes; 0 where there is no file.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static func write(_ text: String, to path: String) throws(FFmpegError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
        } catch {
            throw FFmpegError(.diskFull, "The file \(path) could not be written.")
        }
    }

    static func read(_ path: String) throws(FFmpegError) -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw FFmpegError(.failed, "The file \(path) could not be read.")
        }
    }

    /// Cuts off what lies behind as many bytes.
    static func cut(_ path: String, to bytes: Int) throws(FFmpegError) {
        guard truncate(path, off_t(bytes)) == 0 else {
            throw FFmpegError(.failed, "The file \(path) could not be cut.")
        }
    }

    static func remove(_ path: String) { _ = unlink(path) }
}
