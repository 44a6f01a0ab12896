import Glibc
import Synchronization

/// A file in `tmp`; it is removed with this object unless it is published.
final class TemporaryBlob: Sendable {
    private struct Flush {
        /// Bytes written since the last flush began.
        var bytes = 0
        var isRunning = false
        var hasFailed = false
    }

    /// Bytes between flushes during the upload, so that the last flush has little left.
    private static let flushBytes = 8 << 20

    /// ID of the blob.
    let id: String
    private let blobs: BlobFolder
    private let descriptor: Int32
    private let flush = Mutex(Flush())

    /// Creates the file.
    /// - Throws: `.internalError`.
    init(_ blobs: BlobFolder) throws(S3Error) {
        self.blobs = blobs
        id = BlobFolder.newID()
        descriptor = open(
            blobs.temporaryPath(id), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw Self.failure }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        unlink(blobs.temporaryPath(id))
    }

    /// Appends bytes.
    /// - Throws: `.internalError`.
    func write(_ bytes: [UInt8]) throws(S3Error) {
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(S3Error) in try write(bytes) }
        }
        try outcome.get()
    }

    /// Appends bytes.
    /// - Throws: `.internalError`.
    func write(_ bytes: UnsafeRawBufferPointer) throws(S3Error) {
        var position = 0
        while position < bytes.count {
            let left = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let count = Glibc.write(descriptor, left.baseAddress, left.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw Self.failure }
            position += count
        }
        flushBehind(bytes.count)
    }

    /// Fills a buffer with written bytes.
    /// - Returns: False if the read failed.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, offset + filled)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            filled += count
        }
        return true
    }

    /// Makes the file a durable blob with the same ID.
    func publish() async throws {
        try await blobs.publish(id, descriptor: descriptor)
        // The kernel reports a failed write to one fsync only, perhaps to an earlier one.
        guard !flush.withLock({ $0.hasFailed }) else {
            await blobs.remove([id])
            throw Self.failure
        }
    }

    /// Starts a flush in the background when enough bytes were written.
    private func flushBehind(_ count: Int) {
        let isDue = flush.withLock { flush in
            flush.bytes += count
            guard flush.bytes >= Self.flushBytes, !flush.isRunning else { return false }
            flush.bytes = 0
            flush.isRunning = true
            return true
        }
        guard isDue else { return }
        blobs.later { [self] in
            let hasFailed =
                (try? blobs.sync(descriptor, blobs.temporaryPath(id), dataOnly: true)) == nil
            flush.withLock { flush in
                flush.isRunning = false
                if hasFailed { flush.hasFailed = true }
            }
        }
    }

    private static var failure: S3Error {
        if [ENOSPC, EDQUOT].contains(errno) { return .diskFull }
        return S3Error(
            .internalError, "The disk of the store failed: \(String(cString: strerror(errno))).")
    }
}
