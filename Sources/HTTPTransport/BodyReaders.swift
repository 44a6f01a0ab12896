import Glibc

/// Reads a body from memory.
final class BytesReader: HTTPBodyReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPTransportError) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// Reads a body from a part of a file.
package final class FileReader: HTTPBodyReader {
    private let descriptor: Int32
    private let end: Int
    private var position: Int

    /// Opens the file.
    /// - Throws: `.localFile` when the file cannot be opened.
    package init(path: String, offset: Int, bytes: Int) throws(HTTPTransportError) {
        position = offset
        end = offset + bytes
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw HTTPTransportError(.localFile, "The body's file cannot be opened")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads the next bytes. The page cache serves a file that was just written; a
    /// slow disk delays the other transfers by one read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(HTTPTransportError) -> Int {
        var count: Int
        repeat {
            count = pread(
                descriptor, buffer.baseAddress, min(buffer.count, end - position), position)
        } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw HTTPTransportError(.localFile, String(cString: strerror(errno)))
        }
        position += count
        return count
    }
}
