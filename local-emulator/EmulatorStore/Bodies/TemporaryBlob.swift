import Glibc
import Synchronization

/// A file in `tmp` that vanishes unless it is published.
final class TemporaryBlob: Sendable {
    private struct Flush {
        /// Bytes written since the last flush began.
        var bytes = 0
        var isRunning = false
        var hasFailed = false
    }

    /// Bytes after which the disk is set to work while more come in, so that
    /// the last flush has little left to do.
    private static let flushBytes = 8 << 20

    let id: String
    private let blobs: BlobFolder
    private let descriptor: Int32
    private let flush = Mutex(Flush())

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

    func write(_ bytes: [UInt8]) throws(S3Error) {
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(S3Error) in try write(bytes) }
        }
        try outcome.get()
    }

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

    /// Fills a buffer with bytes that were written.
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

    /// Makes it a durable blob of the same ID.
    func publish() async throws {
        try await blobs.publish(id, descriptor: descriptor)
        // The kernel tells a failed write once: the last fsync heard nothing of it.
        guard !flush.withLock({ $0.hasFailed }) else {
            await blobs.remove([id])
            throw Self.failure
        }
    }

    /// Sets the disk to work while more comes in.
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
        S3Error(.internalError, "The store's disk failed: \(String(cString: strerror(errno))).")
    }
}
