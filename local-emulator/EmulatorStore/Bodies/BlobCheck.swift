import Crypto
import FoundationEssentials
import Glibc

/// MD5, CRC-64/NVME and size of bytes that are read from files or memory in order.
struct BlobCheck: ~Copyable {
    private static let bufferBytes = 1 << 20

    private var md5 = RunningDigest(.md5)
    private var crc64 = RunningCRC(.crc64nvme)

    /// Adds a whole file.
    /// - Throws: `BlobError` for `open` and `read`.
    mutating func read(_ path: String) throws(BlobError) {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw BlobError("open", path) }
        defer { close(input) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.bufferBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(input, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BlobError("read", path) }
            if count == 0 { return }
            update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Adds bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bytes)
        crc64.update(bytes)
    }

    /// - Returns: MD5 in hexadecimal, CRC-64/NVME in base64 and the number of bytes.
    consuming func finish() -> (md5: String, crc64: String, bytes: Int) {
        let (crc, count) = (Data(crc64.value).base64EncodedString(), crc64.byteCount)
        return (hex(md5.finish()), crc, count)
    }
}

/// Ends when the last reference is gone.
final class BlobPin: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { end() }
}
