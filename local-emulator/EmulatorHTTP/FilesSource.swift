import CMicroHTTPD
import Glibc

/// Reads a response's body from files, in order; used by its connection's thread alone.
final class FilesSource {
    private static let blockBytes = 256 << 10

    private let slices: [FileSlice]
    private let held: any Sendable
    private var index = 0
    private var sent = 0
    private var file: Int32 = -1

    init(_ slices: [FileSlice], holding held: any Sendable) {
        self.slices = slices
        self.held = held
    }

    deinit { if file >= 0 { close(file) } }

    /// - Returns: nil when there is no memory.
    func response() -> OpaquePointer? {
        let source = Unmanaged.passRetained(self)
        let bytes = slices.reduce(0) { $0 + $1.range.count }
        let made = MHD_create_response_from_callback(
            UInt64(bytes), Self.blockBytes, readFiles, source.toOpaque(), releaseFiles)
        if made == nil { source.release() }
        return made
    }

    /// - Returns: The number of bytes, or a negative end code.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while index < slices.count {
            let slice = slices[index]
            if file < 0 { file = open(slice.path, O_RDONLY | O_CLOEXEC) }
            guard file >= 0 else { return endWithError }
            let count = pread(
                file, buffer.baseAddress, min(buffer.count, slice.range.count - sent),
                slice.range.lowerBound + sent)
            if count < 0, errno == EINTR { continue }
            // A file shorter than its slice breaks the connection.
            guard count > 0 else { return endWithError }
            sent += count
            if sent == slice.range.count {
                close(file)
                (file, sent, index) = (-1, 0, index + 1)
            }
            return count
        }
        return endOfStream
    }
}

/// MHD_CONTENT_READER_END_OF_STREAM and _END_WITH_ERROR.
private let endOfStream = -1
private let endWithError = -2

private func readFiles(
    _ source: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ maximum: Int
) -> Int {
    guard let source else { return endWithError }
    return Unmanaged<FilesSource>.fromOpaque(source).takeUnretainedValue()
        .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: maximum))
}

private func releaseFiles(_ source: UnsafeMutableRawPointer?) {
    if let source { Unmanaged<FilesSource>.fromOpaque(source).release() }
}
