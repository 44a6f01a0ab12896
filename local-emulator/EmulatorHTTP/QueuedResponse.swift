import CMicroHTTPD
import Glibc
import Synchronization

/// A response of libmicrohttpd, which counts references; ours ends with this value.
struct QueuedResponse: ~Copyable {
    let pointer: OpaquePointer

    /// - Returns: nil when there is no memory or no descriptor.
    init?(_ response: Response, exchange: HTTPExchange, connection: ConnectionHandle) {
        let made: OpaquePointer?
        switch response.body {
        case .none: made = Self.buffer([])
        case .bytes(let bytes): made = Self.buffer(bytes)
        case .file(_, _, bytes: 0): made = Self.buffer([])
        case .file(let file, let offset, let bytes):
            // libmicrohttpd closes the descriptor.
            let copy = fcntl(file.number, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { return nil }
            made = MHD_create_response_from_fd_at_offset64(UInt64(bytes), copy, UInt64(offset))
            if made == nil { close(copy) }
        case .files(let slices, let held):
            made = FilesSource(slices, holding: held).response()
        case .stream(let stream):
            let source = StreamSource(stream, exchange: exchange, connection: connection)
            made = MHD_create_response_from_callback(
                UInt64.max, 64 << 10, readStream, Unmanaged.passRetained(source).toOpaque(),
                releaseStream)
        case .omitted(let bytes):
            made = MHD_create_response_from_callback(UInt64(bytes), 1, readNothing, nil, nil)
        }
        guard let made else { return nil }
        pointer = made
        for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
    }

    deinit { MHD_destroy_response(pointer) }

    private static func buffer(_ bytes: [UInt8]) -> OpaquePointer? {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, bytes.baseAddress, MHD_ResponseMemoryMode.RESPMEM_MUST_COPY)
        }
    }
}

/// Reads a response's body from a stream; the connection is suspended while the stream
/// has no bytes.
private final class StreamSource: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var position = 0
        /// MHD_CONTENT_READER_END_OF_STREAM or _END_WITH_ERROR.
        var end: Int?
    }

    let stream: any ResponseByteStream
    private let exchange: HTTPExchange
    private let connection: ConnectionHandle
    private let state = Mutex(State())

    init(_ stream: any ResponseByteStream, exchange: HTTPExchange, connection: ConnectionHandle) {
        self.stream = stream
        self.exchange = exchange
        self.connection = connection
    }

    /// - Returns: The number of bytes, 0 when the connection was suspended, or a negative
    ///   end code.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = state.withLock { state -> Int? in
            guard state.position < state.bytes.count else { return state.end }
            let count = min(buffer.count, state.bytes.count - state.position)
            buffer.copyBytes(from: state.bytes[state.position..<state.position + count])
            state.position += count
            return count
        }
        if let count { return count }
        let isParked = exchange.park(connection) { [self] in
            let result: Result<[UInt8]?, any Error>
            do { result = .success(try await stream.next()) } catch { result = .failure(error) }
            return { [self] in store(result) }
        }
        return isParked ? 0 : -2
    }

    private func store(_ result: Result<[UInt8]?, any Error>) {
        state.withLock { state in
            switch result {
            case .success(let bytes?): (state.bytes, state.position) = (bytes, 0)
            case .success(nil): state.end = -1
            case .failure: state.end = -2
            }
        }
    }
}

private func readStream(
    _ source: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ maximum: Int
) -> Int {
    guard let source else { return -2 }
    return Unmanaged<StreamSource>.fromOpaque(source).takeUnretainedValue()
        .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: maximum))
}

private func releaseStream(_ source: UnsafeMutableRawPointer?) {
    guard let source else { return }
    let owned = Unmanaged<StreamSource>.fromOpaque(source).takeRetainedValue()
    owned.stream.abandon()
}

private func readNothing(
    _ source: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ maximum: Int
) -> Int { -2 }
