import Foundation
import Glibc
import Synchronization

/// A TCP server that sends and receives by a script, byte by byte.
///
/// Each connection has a script. Connections are accepted in order and served one
/// at a time, or each on its own thread.
package final class ScriptedServer: Sendable {
    /// One step of a connection's script.
    package enum Step: Sendable {
        /// Reads one complete request and records it.
        case request
        /// Reads one complete request with a chunked body and records it.
        case chunkedRequest
        /// Reads only this many bytes of a request and records nothing.
        case bytes(Int)
        /// Sends a text.
        case send(String)
        /// Sends each piece in a separate packet.
        case sendPieces([String])
        /// Closes the connection with a reset (RST).
        case reset
    }

    /// The port on 127.0.0.1.
    package let port: UInt16
    private let listener: Int32
    private let received = Mutex<[String]>([])

    /// The requests received so far, each with head and body.
    package var requests: [String] { received.withLock { $0 } }

    /// Starts a server on a free port.
    /// - Parameters:
    ///   - connections: One script for each connection, in order.
    ///   - atOnce: True to accept connections while earlier ones are open.
    package init(_ connections: [[Step]], atOnce: Bool = false) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        port = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, size) == 0 && listen(listener, 8) == 0)
                getsockname(listener, pointer, &size)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        Thread.detachNewThread { [self] in serve(connections, atOnce) }
    }

    private func serve(_ connections: [[Step]], _ atOnce: Bool) {
        for steps in connections {
            let connection = accept(listener, nil, nil)
            guard atOnce else {
                follow(steps, on: connection)
                continue
            }
            Thread.detachNewThread { [self] in follow(steps, on: connection) }
        }
        close(listener)
    }

    private func follow(_ steps: [Step], on connection: Int32) {
        for step in steps { perform(step, on: connection) }
        close(connection)
    }

    private func perform(_ step: Step, on connection: Int32) {
        switch step {
        case .request:
            if let text = readRequest(connection) { received.withLock { $0.append(text) } }
        case .chunkedRequest:
            if let text = readChunkedRequest(connection) { received.withLock { $0.append(text) } }
        case .bytes(let count):
            var buffer = [UInt8](repeating: 0, count: count)
            recv(connection, &buffer, count, Int32(MSG_WAITALL))
        case .send(let text): sendAll(text, connection)
        case .sendPieces(let pieces):
            // Without the pause the kernel merges the pieces into one packet.
            for piece in pieces {
                sendAll(piece, connection)
                usleep(2000)
            }
        case .reset:
            var linger = linger(l_onoff: 1, l_linger: 0)
            let size = socklen_t(MemoryLayout.size(ofValue: linger))
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, size)
        }
    }

    private func sendAll(_ text: String, _ connection: Int32) {
        let bytes = Array(text.utf8)
        Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func readRequest(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var wanted: Int?
        var buffer = [UInt8](repeating: 0, count: 65536)
        while wanted.map({ bytes.count < $0 }) ?? true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            if wanted == nil { wanted = requestBytes(bytes) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads up to the empty line that ends the trailers. Bodies in these tests
    /// contain no empty line.
    private func readChunkedRequest(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
            guard bytes.suffix(4) == [13, 10, 13, 10] else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let head = text.range(of: "\r\n\r\n") else { continue }
            let body = text[head.upperBound...]
            if body.hasPrefix("0\r\n") || body.contains("\r\n0\r\n") { return text }
        }
    }

    private func requestBytes(_ bytes: [UInt8]) -> Int? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.upperBound]
        let length = head.range(of: "Content-Length: ").map { found in
            Int(head[found.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        return head.utf8.count + (length ?? 0)
    }
}
