import EmulatorHTTP
import Glibc

/// Calls on an open folder. No path is followed through a symbolic link: every component is
/// opened in the folder before it, so a link or a rename at any moment cannot lead outside.
struct OpenFolder: Sendable {
    let descriptor: FileDescriptor

    /// Identity and state of a file.
    struct Stamp: Hashable, Sendable {
        var device: UInt
        var number: UInt
        var bytes: Int
        var changedNanoseconds: Int

        init(_ status: stat) {
            device = UInt(status.st_dev)
            number = UInt(status.st_ino)
            bytes = Int(status.st_size)
            changedNanoseconds =
                Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
        }
    }

    /// A regular file, opened for reading.
    struct File: Sendable {
        var descriptor: FileDescriptor
        var stamp: Stamp
    }

    private init(_ number: Int32) { descriptor = FileDescriptor(adopting: number) }

    /// Opens a folder by its path, which the operator set; it may have links.
    init?(path: String) {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        self.init(number)
    }

    /// Opens a folder in this one; nil if it is not a folder.
    func folder(_ name: String) -> OpenFolder? {
        let number = openat(
            descriptor.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        return number >= 0 ? OpenFolder(number) : nil
    }

    /// Opens a file below this folder.
    /// - Throws: The reason why the file cannot be opened.
    func file(_ path: VolumePath) throws(VolumeFault) -> File {
        var folder = self
        for name in path.components.dropLast() {
            guard let next = folder.folder(name) else { throw Self.fault(errno) }
            folder = next
        }
        return try folder.file(named: path.fileName)
    }

    /// Opens a file in this folder.
    /// - Throws: The reason why the file cannot be opened.
    func file(named name: String) throws(VolumeFault) -> File {
        // A named pipe without a writer would block without O_NONBLOCK.
        let number = openat(
            descriptor.number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { throw Self.fault(errno) }
        let file = FileDescriptor(adopting: number)
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw VolumeFault("is not a regular file")
        }
        return File(descriptor: file, stamp: Stamp(status))
    }

    private static func fault(_ code: Int32) -> VolumeFault {
        switch code {
        case ENOENT: VolumeFault("does not exist below MEDIA_BASE_PATH")
        case ELOOP, ENOTDIR: VolumeFault("passes through a symbolic link or a file")
        case EACCES, EPERM: VolumeFault("cannot be read: permission denied")
        default: VolumeFault("cannot be opened: \(String(cString: strerror(code)))")
        }
    }

    /// True if the folder has an entry with that name, of any kind.
    func has(_ name: String) -> Bool {
        faccessat(descriptor.number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Names of the entries without `.` and `..`; names that are not UTF-8 are repaired, so that
    /// they are found by no later call.
    func names() -> [String] {
        let copy = openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Reads a small file whole.
    /// - Returns: nil if it is larger, grew meanwhile, or is not readable.
    static func read(_ file: File, bytesMax: Int) -> [UInt8]? {
        guard file.stamp.bytes <= bytesMax else { return nil }
        var bytes = [UInt8](repeating: 0, count: file.stamp.bytes + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    file.descriptor.number, buffer.baseAddress.map { $0 + filled },
                    buffer.count - filled, off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return Array(bytes[..<filled]) }
            filled += count
        }
        return nil
    }

    /// Replaces a file atomically: a reader sees the old bytes or the new ones, never a part.
    /// - Returns: False if the folder no longer exists or the disk is full.
    func write(_ bytes: [UInt8], to name: String) -> Bool {
        let temporary = ".\(name).tmp"
        unlinkat(descriptor.number, temporary, 0)
        let output = openat(
            descriptor.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard output >= 0 else { return false }
        defer { close(output) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        guard rest.isEmpty, renameat(descriptor.number, temporary, descriptor.number, name) == 0
        else {
            unlinkat(descriptor.number, temporary, 0)
            return false
        }
        return true
    }
}
