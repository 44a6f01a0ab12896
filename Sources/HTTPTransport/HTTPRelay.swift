import Glibc
import Synchronization
import Threads

/// Addresses on this machine's loopback that are read in place of URLs.
///
/// A child process reads `http://127.0.0.1:PORT/SECRET` and gets the bytes of the URL behind it:
/// the URL is in no argument list, and the child needs no other connection, no name resolver and
/// no TLS. Each connection is one connection to the server, with the same request but for path
/// and host, so that ranges, statuses and ends of connections are those of the server.
package final class HTTPRelay: Sendable {
    /// Port of the relay on 127.0.0.1.
    package let port: Int

    private struct State {
        /// URL behind each secret.
        var targets: [String: String] = [:]
        var isAccepting = false
    }

    private let state = Mutex(State())
    private let listener: Int32
    private let certificatesFile: String?
    private let makeSecret: @Sendable () -> String

    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 256

    /// Binds the port; threads start with the first address.
    /// - Parameters:
    ///   - certificatesFile: Trusted authorities; nil uses the system's.
    ///   - makeSecret: Unguessable text of letters and digits.
    /// - Returns: nil if the system gives no socket.
    package init?(certificatesFile: String?, makeSecret: @escaping @Sendable () -> String) {
        guard let (listener, port) = Self.listen() else { return nil }
        self.listener = listener
        self.port = port
        self.certificatesFile = certificatesFile
        self.makeSecret = makeSecret
    }

    private static func listen() -> (descriptor: Int32, port: Int)? {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        // Inherited by accepted sockets: bytes that a seek discards.
        RelaySocket.setBuffer(descriptor, SO_SNDBUF, RelaySocket.localBufferBytes)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0
                    && Glibc.listen(descriptor, backlog) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else {
            Glibc.close(descriptor)
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Opens an address for each URL, until `close`.
    /// - Returns: The addresses, in the order of the URLs.
    package func open(_ urls: [String]) -> [String] {
        let secrets = urls.map { _ in makeSecret() }
        let mustStart = state.withLock { state in
            for (secret, url) in zip(secrets, urls) { state.targets[secret] = url }
            defer { state.isAccepting = true }
            return !state.isAccepting
        }
        if mustStart { startThread { self.acceptConnections() } }
        return secrets.map { "http://127.0.0.1:\(port)/\($0)" }
    }

    /// Closes addresses of `open`: new connections to them are refused.
    package func close(_ addresses: [String]) {
        state.withLock { state in
            for address in addresses {
                state.targets[String(address.split(separator: "/").last ?? "")] = nil
            }
        }
    }

    private func acceptConnections() {
        while true {
            // No child inherits it: ChildProcess closes all descriptors of a child.
            let client = accept(listener, nil, nil)
            if client < 0 {
                // Out of descriptors, or a connection that has gone already.
                if errno != EINTR && errno != ECONNABORTED { usleep(10_000) }
                continue
            }
            startThread { self.serve(client) }
        }
    }

    private func serve(_ client: Int32) {
        defer { Glibc.close(client) }
        guard PeerCheck.isOwnProcess(client, listeningPort: port),
            let head = RelayHead(readFrom: client),
            let target = state.withLock({ $0.targets[head.secret] }),
            let url = RelayURL(target),
            let connection = RelayConnection(to: url, certificatesFile: certificatesFile),
            connection.send(head.text(for: url)), connection.copy(to: client)
        else { return RelaySocket.resetOnClose(client) }
        shutdown(client, Int32(SHUT_WR))
    }
}

/// A URL as far as the relay needs its parts.
struct RelayURL: Equatable {
    /// `http://host:port/`, to connect to.
    var origin: String
    /// `host:port` as the URL has it: part of a presigned URL's signature.
    var host: String
    /// Path and query, sent as they are.
    var path: String

    init?(_ text: String) {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
            return nil
        }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        host = String(rest[..<end])
        let path = rest[end...].prefix { $0 != "#" }
        self.path = path.hasPrefix("/") ? String(path) : "/\(path)"
        origin = "\(scheme)\(host)/"
        guard !host.isEmpty, !host.contains("@"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
    }
}

/// The request head of a client: `GET /SECRET HTTP/1.1` and its header lines.
struct RelayHead: Equatable {
    var secret: String
    /// Header lines without the host.
    var lines: [Substring]

    /// Size of the largest head, and the time in which it must arrive.
    private static let bytesMax = 16 << 10
    private static let waitMilliseconds: Int32 = 10_000

    /// Reads a head; nil if the client closes, waits too long or sends anything else.
    init?(readFrom client: Int32) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4 << 10)
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            var entry = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
            guard bytes.count < Self.bytesMax, poll(&entry, 1, Self.waitMilliseconds) > 0
            else { return nil }
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// Parses a head that ends with an empty line.
    init?(_ text: String) {
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return nil }
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "GET", words[1].hasPrefix("/"),
            words[2].hasPrefix("HTTP/1.")
        else { return nil }
        secret = String(words[1].dropFirst())
        self.lines = lines.filter { !$0.lowercased().hasPrefix("host:") }
    }

    /// The head for the server.
    func text(for url: RelayURL) -> String {
        (["GET \(url.path) HTTP/1.1", "Host: \(url.host)"] + lines.map(String.init))
            .joined(separator: "\r\n") + "\r\n\r\n"
    }
}
