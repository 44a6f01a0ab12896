import CMicroHTTPD
import Glibc
import Synchronization

/// Sockets with a body under way. libmicrohttpd 0.9.75 misses the end of a connection
/// that arrives together with its last bytes, and would keep it until the idle timeout.
final class OpenUploads: Sendable {
    private struct Upload {
        var socket: Int32
        var hasEnded = false
    }

    private let uploads = Mutex<[ObjectIdentifier: Upload]>([:])

    /// Called on the connection's thread, like `remove`, so that every socket in the
    /// set is open.
    func add(_ exchange: HTTPExchange, socket: Int32) {
        guard socket >= 0 else { return }
        uploads.withLock { $0[ObjectIdentifier(exchange)] = Upload(socket: socket) }
    }

    func remove(_ exchange: HTTPExchange) {
        uploads.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// Shuts down sockets that ended before their body, which libmicrohttpd does notice.
    /// Only after two scans: the consumer may still be reading the last bytes.
    func breakEnded() {
        uploads.withLock { uploads in
            for (identifier, upload) in uploads {
                var byte: UInt8 = 0
                // 0: everything was read and the client has closed its side.
                guard recv(upload.socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0 else {
                    continue
                }
                if upload.hasEnded { shutdown(upload.socket, Int32(SHUT_RDWR)) }
                uploads[identifier]?.hasEnded = true
            }
        }
    }
}
