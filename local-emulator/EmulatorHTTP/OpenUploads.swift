import Glibc
import Synchronization

/// The sockets whose bodies are coming in. libmicrohttpd 0.9.75 does not see
/// the end of a connection that arrives together with its last bytes and would
/// keep it until the idle timeout.
final class OpenUploads: Sendable {
    private struct Upload {
        var socket: Int32
        var hasEnded = false
    }

    private let uploads = Mutex<[ObjectIdentifier: Upload]>([:])

    /// Called on the connection's thread, as is `remove`, so that a socket in
    /// here is open.
    func add(_ exchange: HTTPExchange, socket: Int32) {
        guard socket >= 0 else { return }
        uploads.withLock { $0[ObjectIdentifier(exchange)] = Upload(socket: socket) }
    }

    func remove(_ exchange: HTTPExchange) {
        uploads.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// Breaks the connections that ended before their bodies did, which
    /// libmicrohttpd does notice. One must be seen so twice: the last bytes
    /// may be on their way through the consumer.
    func breakEnded() {
        uploads.withLock { uploads in
            for (identifier, upload) in uploads {
                var byte: UInt8 = 0
                // 0 says that all was read and that the client sends no more.
                guard recv(upload.socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0 else {
                    continue
                }
                if upload.hasEnded { shutdown(upload.socket, Int32(SHUT_RDWR)) }
                uploads[identifier]?.hasEnded = true
            }
        }
    }
}
