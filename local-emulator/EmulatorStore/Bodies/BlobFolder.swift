import Crypto
import Glibc
import Synchronization

/// A failed call on the store's files.
struct BlobError: Error, CustomStringConvertible {
    var operation: String
    var path: String
    var code: Int32

    init(_ operation: String, _ path: String) {
        self.operation = operation
        self.path = path
        code = errno
    }

    var description: String {
        "\(operation) of \(path) failed: \(String(cString: strerror(code)))."
    }
}

/// The bodies of objects, one file each, named by random IDs and never by key:
/// `tmp/ID` while they come in, `data/xx/ID` once they are durable.
final class BlobFolder: Sendable {
    private let path: String
    /// Called when an fsync failed.
    private let onSyncFailure: @Sendable (BlobError) -> Void
    /// Blobs that answers are still being made of, and of how many.
    private let readers = Mutex<[String: Int]>([:])
    private let threads = DiskThreads()

    /// Makes the folders and empties `tmp`.
    /// - Parameter onSyncFailure: Called when it is unknown what the disk holds:
    ///   after a failed fsync the kernel forgets what it could not write, and
    ///   another fsync would say that all is well.
    init(
        path: String, onSyncFailure: @escaping @Sendable (BlobError) -> Void
    ) throws(BlobError) {
        self.path = path
        self.onSyncFailure = onSyncFailure
        for folder in [path, path + "/tmp", path + "/data"] { try Self.makeFolder(folder) }
        for number in 0..<256 {
            try Self.makeFolder("\(path)/data/\(hex([UInt8(number)]))")
        }
        try Self.synchronize(path + "/data")
        try Self.synchronize(path)
        for name in try Self.names(in: path + "/tmp") { unlink("\(path)/tmp/\(name)") }
    }

    static func newID() -> String {
        hex(randomBytes(count: 16))
    }

    func temporaryPath(_ id: String) -> String { "\(path)/tmp/\(id)" }

    func blobPath(_ id: String) -> String { "\(path)/data/\(id.prefix(2))/\(id)" }

    /// Moves a finished file to its final place, durably.
    func publish(_ id: String, descriptor: Int32) async throws {
        try await onDisk { [self] in
            try sync(descriptor, temporaryPath(id))
            let final = blobPath(id)
            // IDs are random, so nothing stands there; never replace a file.
            guard link(temporaryPath(id), final) == 0 else { throw BlobError("link", final) }
            unlink(temporaryPath(id))
            try syncFolder(of: id)
        }
    }

    /// Makes what was written to a file durable.
    /// - Throws: after telling of it, unless there was only no room.
    func sync(
        _ descriptor: Int32, _ path: String, dataOnly: Bool = false
    ) throws(BlobError) {
        guard (dataOnly ? fdatasync(descriptor) : fsync(descriptor)) != 0 else { return }
        let error = BlobError("fsync", path)
        // What was never acknowledged may be refused for want of room.
        if error.code != ENOSPC, error.code != EDQUOT { onSyncFailure(error) }
        throw error
    }

    private func syncFolder(of id: String) throws(BlobError) {
        do throws(BlobError) {
            try Self.synchronize("\(path)/data/\(id.prefix(2))")
        } catch {
            if error.operation == "fsync" { onSyncFailure(error) }
            throw error
        }
    }

    /// Copies bytes to a new blob, durably; the kernel copies.
    func assemble(_ source: BodySource) async throws -> String {
        let id = Self.newID()
        try await onDisk { [self] in try assemble(source, as: id) }
        return id
    }

    /// As `assemble`, with the checks of the whole.
    func assembleHashed(
        _ source: BodySource
    ) async throws -> (id: String, md5: String, crc64: String) {
        let id = Self.newID()
        let check = try await onDisk { [self] in
            try assemble(source, as: id)
            var check = BlobCheck()
            try check.read(blobPath(id))
            return check.finish()
        }
        return (id, check.md5, check.crc64)
    }

    /// The checks of the blobs, one after the other.
    /// - Throws: `BlobError` where one cannot be read.
    func check(_ slices: [BlobSlice]) async throws -> (md5: String, crc64: String, bytes: Int) {
        try await onDisk { [self] in
            var check = BlobCheck()
            for slice in slices { try check.read(blobPath(slice.blob)) }
            return check.finish()
        }
    }

    /// - Returns: a descriptor that the caller closes.
    func openBlob(_ id: String) async throws -> Int32 {
        try await onDisk { [self] in
            let descriptor = open(blobPath(id), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw BlobError("open", blobPath(id)) }
            return descriptor
        }
    }

    /// Keeps blobs from being unlinked while a response is made of them.
    func pin(_ ids: [String]) -> BlobPin {
        readers.withLock { readers in for id in ids { readers[id, default: 0] += 1 } }
        return BlobPin { [self] in
            readers.withLock { readers in
                for id in ids {
                    let left = (readers[id] ?? 1) - 1
                    readers[id] = left > 0 ? left : nil
                }
            }
        }
    }

    func isPinned(_ id: String) -> Bool { readers.withLock { $0[id] != nil } }

    /// One that is not there is removed already.
    func remove(_ ids: [String]) async {
        try? await onDisk { [self] in for id in ids { unlink(blobPath(id)) } }
    }

    /// Every blob's ID and size.
    func all() async throws -> [String: Int] {
        try await onDisk { [self] in
            var blobs: [String: Int] = [:]
            for number in 0..<256 {
                let folder = "\(path)/data/\(hex([UInt8(number)]))"
                for name in try Self.names(in: folder) {
                    var information = stat()
                    if stat("\(folder)/\(name)", &information) == 0 {
                        blobs[name] = Int(information.st_size)
                    }
                }
            }
            return blobs
        }
    }

    private func assemble(_ source: BodySource, as id: String) throws(BlobError) {
        let output = open(temporaryPath(id), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw BlobError("open", temporaryPath(id)) }
        defer {
            close(output)
            unlink(temporaryPath(id))
        }
        switch source {
        case .bytes(let bytes):
            guard write(output, bytes, bytes.count) == bytes.count else {
                throw BlobError("write", path)
            }
        case .blobs(let slices): for slice in slices { try append(slice, to: output) }
        }
        try sync(output, temporaryPath(id))
        guard link(temporaryPath(id), blobPath(id)) == 0 else {
            throw BlobError("link", blobPath(id))
        }
        try syncFolder(of: id)
    }

    private func append(_ slice: BlobSlice, to output: Int32) throws(BlobError) {
        let input = open(blobPath(slice.blob), O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw BlobError("open", blobPath(slice.blob)) }
        defer { close(input) }
        var offset = off_t(slice.range.lowerBound)
        var left = slice.range.count
        while left > 0 {
            let count = sendfile(output, input, &offset, min(left, 1 << 30))
            guard count > 0 else { throw BlobError("sendfile", blobPath(slice.blob)) }
            left -= count
        }
    }

    /// Runs disk work in the background.
    func later(_ body: @escaping @Sendable () -> Void) { threads.start(body) }

    private func onDisk<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await threads.run(body)
    }

    private static func makeFolder(_ path: String) throws(BlobError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw BlobError("mkdir", path) }
    }

    private static func synchronize(_ folder: String) throws(BlobError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BlobError("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw BlobError("fsync", folder) }
    }

    private static func names(in folder: String) throws(BlobError) -> [String] {
        guard let stream = opendir(folder) else { throw BlobError("opendir", folder) }
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
}
