import FoundationEssentials
import Glibc

/// Files on the user's machine, with errors that name them.
enum UserFile {
    /// The last part of the path.
    static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Returns the size of a file in bytes.
    /// - Throws: an error if there is no regular file at the path, or it is empty.
    static func bytes(_ path: String) throws(CommandError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandError("The file \(path) does not exist.")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CommandError("\(path) is not a regular file.")
        }
        guard status.st_size > 0 else { throw CommandError("\(path) is empty.") }
        return Int(status.st_size)
    }

    static func read(_ path: String) throws(CommandError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("\(path) cannot be read.")
        }
        return Array(data)
    }

    /// The temporary path of a download until it is complete.
    static func partial(_ path: String, token: String) -> String {
        let name = name(path)
        return String(path.dropLast(name.count)) + ".\(name).\(token).part"
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Replaces the file at `path` atomically.
    static func rename(_ from: String, to path: String) throws(CommandError) {
        guard Glibc.rename(from, path) == 0 else {
            throw CommandError("\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
    }
}
