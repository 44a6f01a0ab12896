import Crypto
import Glibc
import Synchronization

/// A failed system call on the store's files.
struct BlobError: Error, CustomStringConvertible {
    var operation: String
    var path: String
    var code: Int32

    init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var description: String {
        "\(operation) of \(path) failed: \(String(cString: strerror(code)))."
    }
}

/// The folder of blobs: one file for each body or part, named by a random ID, never by a key.
///
/// A blob is `tmp/ID` while it is received and `data/xx/ID` once it is durable, where `xx` is
/// the start of the ID.
final class BlobFolder: Sendable {
    private let path: String
    /// Called when an fsync failed.
    private let onSyncFailure: @Sendable (BlobError) -> Void
    /// Number of responses that read each blob.
    private let readers = Mutex<[String: Int]>([:])
    private let disk = DiskQueue()

    /// Creates the folders and empties `tmp`.
    /// - Parameter onSyncFailure: Called when the content of the disk is unknown: after a
    ///   failed fsync the kernel drops the unwritten pages, and the next fsync succeeds.
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

    /// A random blob ID: 32 hexadecimal digits.
    static func newID() -> String {
        hex(randomBytes(count: 16))
    }

    /// Path of a blob that is being received.
    func temporaryPath(_ id: String) -> String { "\(path)/tmp/\(id)" }

    /// Path of a durable blob.
    func blobPath(_ id: String) -> String { "\(path)/data/\(id.prefix(2))/\(id)" }

    /// Moves a complete temporary file to `data` and makes it durable.
    func publish(_ id: String, descriptor: Int32) async throws {
        try await onDisk { [self] in
            try sync(descriptor, temporaryPath(id))
            let final = blobPath(id)
            // `link` fails if the file exists; `rename` would replace it.
            guard link(temporaryPath(id), final) == 0 else { throw BlobError("link", final) }
            unlink(temporaryPath(id))
            try syncFolder(of: id)
        }
    }

    /// Makes the written bytes of a file durable.
    /// - Throws: `BlobError`, after a call of `onSyncFailure` unless the disk is full.
    func sync(
        _ descriptor: Int32, _ path: String, dataOnly: Bool = false
    ) throws(BlobError) {
        guard (dataOnly ? fdatasync(descriptor) : fsync(descriptor)) != 0 else { return }
        let error = BlobError("fsync", path)
        // A full disk loses only this write, which the caller refuses.
        if error.code != ENOSPC, error.code != EDQUOT { onSyncFailure(error) }
        throw error
    }

    func syncFolder(of id: String) throws(BlobError) {
        do throws(BlobError) {
            try Self.synchronize("\(path)/data/\(id.prefix(2))")
        } catch {
            if error.operation == "fsync" { onSyncFailure(error) }
            throw error
        }
    }

    /// Copies bytes to a new, durable blob; the kernel copies.
    /// - Returns: The ID of the blob.
    func assemble(_ source: BodySource) async throws -> String {
        let id = Self.newID()
        try await onDisk { [self] in try assemble(source, as: id) }
        return id
    }

    /// Same as `assemble`, with the MD5 (hexadecimal) and CRC-64/NVME (base64) of all bytes.
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

    /// MD5 (hexadecimal), CRC-64/NVME (base64) and size of the blobs, read in order.
    /// - Throws: `BlobError` for a blob that cannot be read.
    func check(_ slices: [BlobSlice]) async throws -> (md5: String, crc64: String, bytes: Int) {
        try await onDisk { [self] in
            var check = BlobCheck()
            for slice in slices {
                close(try openUnchanged(slice.blob))
                try check.read(blobPath(slice.blob))
            }
            return check.finish()
        }
    }

    /// Opens a blob for reading.
    /// - Returns: A descriptor that the caller closes.
    func openBlob(_ id: String) async throws -> Int32 {
        try await onDisk { [self] in
            try openUnchanged(id)
        }
    }

    /// Prevents the removal of blobs for as long as the pin exists.
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

    /// True if a response reads the blob.
    func isPinned(_ id: String) -> Bool { readers.withLock { $0[id] != nil } }

    /// Removes blobs; a missing one is not an error.
    func remove(_ ids: [String]) async {
        try? await onDisk { [self] in for id in ids { unlink(blobPath(id)) } }
    }

    /// IDs and sizes of all blobs in `data`.
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

    /// Appends a range of a blob to a file; the kernel copies.
    func append(_ slice: BlobSlice, to output: Int32) throws(BlobError) {
        let input = try openUnchanged(slice.blob)
        defer { close(input) }
        var offset = off_t(slice.range.lowerBound)
        var left = slice.range.count
        while left > 0 {
            let count = sendfile(output, input, &offset, min(left, 1 << 30))
            guard count > 0 else { throw BlobError("sendfile", blobPath(slice.blob)) }
            left -= count
        }
    }

    /// Runs disk work without waiting for its end.
    func later(_ body: @escaping @Sendable () -> Void) { disk.run(body) }

    func onDisk<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            disk.run { continuation.resume(with: Result { try body() }) }
        }
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
