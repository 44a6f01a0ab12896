import AWSSignature
import Dispatch
import Glibc

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

/// What a new blob is put together from.
enum BlobPiece: Sendable {
    /// nil for all of it.
    case blob(String, range: Range<Int>?)
    case bytes([UInt8])
}

/// The bodies of objects, one file each, named by random IDs and never by key:
/// `tmp/ID` while they come in, `data/xx/ID` once they are durable.
final class BlobFolder: Sendable {
    private let path: String
    /// Waits for the disk so that the cooperative threads need not.
    private let queue = DispatchQueue(label: "spool-store-disk", attributes: .concurrent)

    /// Makes the folders and empties `tmp`.
    init(path: String) throws(BlobError) {
        self.path = path
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
            guard fsync(descriptor) == 0 else { throw BlobError("fsync", temporaryPath(id)) }
            let final = blobPath(id)
            // IDs are random, so nothing stands there; never replace a file.
            guard link(temporaryPath(id), final) == 0 else { throw BlobError("link", final) }
            unlink(temporaryPath(id))
            try Self.synchronize("\(path)/data/\(id.prefix(2))")
        }
    }

    /// Joins pieces to a new blob, durably; the kernel copies.
    func assemble(_ pieces: [BlobPiece]) async throws -> String {
        let id = Self.newID()
        try await onDisk { [self] in try assemble(pieces, as: id) }
        return id
    }

    /// As `assemble`, with the MD5 of the whole.
    func assembleHashed(_ pieces: [BlobPiece]) async throws -> (id: String, md5: String) {
        let id = Self.newID()
        let digest = try await onDisk { [self] in
            try assemble(pieces, as: id)
            return try Self.digest(of: blobPath(id))
        }
        return (id, digest)
    }

    /// - Returns: a descriptor that the caller closes.
    func openBlob(_ id: String) async throws -> Int32 {
        try await onDisk { [self] in
            let descriptor = open(blobPath(id), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw BlobError("open", blobPath(id)) }
            return descriptor
        }
    }

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

    private func assemble(_ pieces: [BlobPiece], as id: String) throws(BlobError) {
        let output = open(temporaryPath(id), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw BlobError("open", temporaryPath(id)) }
        defer {
            close(output)
            unlink(temporaryPath(id))
        }
        for piece in pieces { try append(piece, to: output) }
        guard fsync(output) == 0 else { throw BlobError("fsync", temporaryPath(id)) }
        guard link(temporaryPath(id), blobPath(id)) == 0 else {
            throw BlobError("link", blobPath(id))
        }
        try Self.synchronize("\(path)/data/\(id.prefix(2))")
    }

    private func append(_ piece: BlobPiece, to output: Int32) throws(BlobError) {
        guard case .blob(let id, let range) = piece else {
            if case .bytes(let bytes) = piece, write(output, bytes, bytes.count) != bytes.count {
                throw BlobError("write", path)
            }
            return
        }
        let input = open(blobPath(id), O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw BlobError("open", blobPath(id)) }
        defer { close(input) }
        var offset = off_t(range?.lowerBound ?? 0)
        var left = range?.count ?? .max
        while left > 0 {
            let count = sendfile(output, input, &offset, min(left, 1 << 30))
            guard count >= 0 else { throw BlobError("sendfile", blobPath(id)) }
            if count == 0 { return }
            left -= count
        }
    }

    private static func digest(of path: String) throws(BlobError) -> String {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw BlobError("open", path) }
        defer { close(input) }
        var digest = RunningDigest(.md5)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(input, &buffer, buffer.count)
            guard count >= 0 else { throw BlobError("read", path) }
            if count == 0 { return hex(digest.finish()) }
            digest.update(buffer[..<count])
        }
    }

    /// Runs disk work that nobody waits for.
    func later(_ body: @escaping @Sendable () -> Void) { queue.async { body() } }

    private func onDisk<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
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
