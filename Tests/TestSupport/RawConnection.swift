import Dispatch
import Glibc

/// A TCP connection that sends exactly the bytes of a test. Calls block a private
/// queue instead of the threads that run the tests.
package final class RawConnection: Sendable {
    private let socketNumber: Int32
    private let queue = DispatchQueue(label: "raw-connection")

    /// Connects to a server; a read fails after 20 s without a byte.
    package init(host: String = "127.0.0.1", port: Int) {
        socketNumber = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            socketNumber, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        _ = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(socketNumber, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { Glibc.close(socketNumber) }

    /// Sends a text as UTF-8.
    package func send(_ text: String) async { await send(Array(text.utf8)) }

    /// Sends bytes.
    package func send(_ bytes: [UInt8]) async {
        await onQueue { [socketNumber] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(socketNumber, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// Reads up to and including the marker, or to the end.
    package func read(through marker: String) async -> String {
        await onQueue { [socketNumber] in
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while recv(socketNumber, &byte, 1, 0) == 1 {
                bytes.append(byte)
                if bytes.suffix(marker.utf8.count) == Array(marker.utf8)[...] { break }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Reads until the server closes the connection.
    package func readToEnd() async -> String {
        await onQueue { [socketNumber] in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(socketNumber, &buffer, buffer.count, 0)
                if count <= 0 { break }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Sends FIN in both directions; later calls read nothing.
    package func close() { shutdown(socketNumber, Int32(SHUT_RDWR)) }

    /// Sends one request and reads until the server closes the connection.
    package static func exchange(_ request: String, port: Int) async -> String {
        let connection = RawConnection(port: port)
        await connection.send(request)
        return await connection.readToEnd()
    }

    private func onQueue<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}

extension String {
    /// The body of an HTTP message; empty if the head is incomplete.
    package var messageBody: String {
        guard let end = firstRange(of: "\r\n\r\n") else { return "" }
        return String(self[end.upperBound...])
    }

    /// The first line of an HTTP message.
    package var statusLine: String { String(prefix { $0 != "\r\n" }) }

    private func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
