import Crypto
import Glibc

/// The way in which a file's bytes were transferred, with or without a copy.
package enum FileTransfer: String, Sendable {
    /// The files share their blocks until one of them is written (FICLONE).
    case clone
    /// Both names refer to one file.
    case link
    /// The bytes were copied.
    case copy
}

/// Files of the machine that become blobs, and blobs that become files.
extension BlobFolder {
    /// State of a file that a linked blob must keep.
    private struct FileState: Equatable {
        var bytes: Int
        var changedNanoseconds: Int

        init(_ descriptor: Int32, _ path: String) throws(BlobError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw BlobError("fstat", path) }
            bytes = Int(status.st_size)
            changedNanoseconds =
                Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
        }
    }

    /// ioctl_ficlone(2): `_IOW(0x94, 9, int)`.
    private static let cloneRequest = UInt(0x4004_9409)

    /// True for a blob that shares its file with another name outside the store. Such an ID is
    /// `{random}.{bytes}.{modification time}`: the state in which the file was taken over.
    static func isLinked(_ id: String) -> Bool { id.utf8.contains(UInt8(ascii: ".")) }

    /// Opens a blob for reading.
    /// - Throws: `BlobError` with `ESTALE` for a linked file that was changed meanwhile.
    func openUnchanged(_ id: String) throws(BlobError) -> Int32 {
        let path = blobPath(id)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BlobError("open", path) }
        let parts = id.split(separator: ".")
        guard parts.count == 3 else { return descriptor }
        do throws(BlobError) {
            let state = try FileState(descriptor, path)
            guard Int(parts[1]) == state.bytes, Int(parts[2]) == state.changedNanoseconds else {
                throw BlobError("read", path, code: ESTALE)
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Makes a durable blob of an open file.
    /// - Returns: The ID, and how its bytes are kept.
    /// - Throws: `BlobError`; with `ESTALE` if the file was changed during a copy.
    func adopt(_ file: Int32) async throws -> (id: String, transfer: FileTransfer) {
        let id = Self.newID()
        return try await onDisk { [self] in
            let state = try FileState(file, "the file")
            if try clone(file, as: id) { return (id, .clone) }
            let linked = "\(id).\(state.bytes).\(state.changedNanoseconds)"
            if linkat(
                AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, blobPath(linked), AT_SYMLINK_FOLLOW)
                == 0
            {
                // The link holds what the path may not have written yet.
                try sync(file, blobPath(linked))
                try syncFolder(of: linked)
                return (linked, .link)
            }
            try copy(file, bytes: state.bytes, as: id)
            guard try FileState(file, "the file") == state else {
                unlink(blobPath(id))
                throw BlobError("copy", "the file", code: ESTALE)
            }
            return (id, .copy)
        }
    }

    /// - Returns: False if the file system cannot clone the file.
    private func clone(_ file: Int32, as id: String) throws(BlobError) -> Bool {
        try written(as: id) { output throws(BlobError) in
            ioctl(output, Self.cloneRequest, file) == 0
        }
    }

    private func copy(_ file: Int32, bytes: Int, as id: String) throws(BlobError) {
        _ = try written(as: id) { output throws(BlobError) in
            var (offset, left) = (off_t(0), bytes)
            while left > 0 {
                let count = sendfile(output, file, &offset, min(left, 1 << 30))
                guard count > 0 else {
                    throw BlobError("sendfile", "the file", code: count == 0 ? ESTALE : errno)
                }
                left -= count
            }
            return true
        }
    }

    /// Makes a durable blob of what `write` writes into a new file, unless it returns false.
    private func written(
        as id: String, _ write: (Int32) throws(BlobError) -> Bool
    ) throws(BlobError) -> Bool {
        let output = open(temporaryPath(id), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw BlobError("open", temporaryPath(id)) }
        defer {
            close(output)
            unlink(temporaryPath(id))
        }
        guard try write(output) else { return false }
        try sync(output, temporaryPath(id))
        guard link(temporaryPath(id), blobPath(id)) == 0 else {
            throw BlobError("link", blobPath(id))
        }
        try syncFolder(of: id)
        return true
    }

    /// Puts a body into a folder as a file, in place of one with that name.
    ///
    /// A linked file is read-only, because it is the stored object itself.
    /// - Parameter temporary: Name of the file until it is complete.
    func place(
        _ source: BodySource, in folder: Int32, as name: String, temporary: String
    ) async throws -> FileTransfer {
        try await onDisk { [self] in
            unlinkat(folder, temporary, 0)
            do throws(BlobError) {
                let transfer = try fill(source, in: folder, temporary)
                guard renameat(folder, temporary, folder, name) == 0 else {
                    throw BlobError("rename", name)
                }
                guard fsync(folder) == 0 else { throw BlobError("fsync", name) }
                return transfer
            } catch {
                unlinkat(folder, temporary, 0)
                throw error
            }
        }
    }

    private func fill(
        _ source: BodySource, in folder: Int32, _ name: String
    ) throws(BlobError) -> FileTransfer {
        let output = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw BlobError("open", name) }
        defer { close(output) }
        switch source {
        case .bytes(let bytes):
            guard write(output, bytes, bytes.count) == bytes.count else {
                throw BlobError("write", name)
            }
        case .blobs(let slices):
            if slices.count == 1, let transfer = try shared(slices[0], output, folder, name) {
                return transfer
            }
            for slice in slices { try append(slice, to: output) }
        }
        guard fsync(output) == 0 else { throw BlobError("fsync", name) }
        return .copy
    }

    /// Clones or links a whole blob; nil if the file system can do neither.
    private func shared(
        _ slice: BlobSlice, _ output: Int32, _ folder: Int32, _ name: String
    ) throws(BlobError) -> FileTransfer? {
        let input = try openUnchanged(slice.blob)
        defer { close(input) }
        guard slice.range == 0..<(try FileState(input, name).bytes) else { return nil }
        if ioctl(output, Self.cloneRequest, input) == 0 { return .clone }
        let linked = name + ".link"
        unlinkat(folder, linked, 0)
        guard linkat(AT_FDCWD, blobPath(slice.blob), folder, linked, 0) == 0 else { return nil }
        // A link made by a process that was killed here is replaced by the next attempt.
        guard fchmod(input, 0o444) == 0, renameat(folder, linked, folder, name) == 0 else {
            throw BlobError("rename", name)
        }
        return .link
    }
}
