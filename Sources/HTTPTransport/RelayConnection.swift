import CCurl
import Glibc

/// A connection to a server that libcurl has made, with TLS where the URL says so. The bytes on
/// it are ours.
struct RelayConnection: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private let server: Int32

    /// Time to connect.
    private static let connectMilliseconds = 10_000

    /// Connects; nil if the server cannot be reached or its certificate is not trusted.
    init?(to url: RelayURL, certificatesFile: String?) {
        // SAFETY: libcurl's process-wide set-up runs once, on the first thread that needs it.
        _ = CurlTransport.globalInitialisation
        guard let handle = curl_easy_init() else { return nil }
        _ = spool_curl_set_text(handle, CURLOPT_URL, url.origin)
        _ = spool_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = spool_curl_set_text(handle, CURLOPT_PROXY, "")
        _ = spool_curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        _ = spool_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = spool_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = spool_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.connectMilliseconds)
        _ = spool_curl_set_socket_callback(handle, openRelaySocket)
        if let certificatesFile {
            _ = spool_curl_set_text(handle, CURLOPT_CAINFO, certificatesFile)
        }
        var server: curl_socket_t = -1
        guard curl_easy_perform(handle) == CURLE_OK,
            spool_curl_get_socket(handle, &server) == CURLE_OK, server >= 0
        else {
            curl_easy_cleanup(handle)
            return nil
        }
        self.handle = handle
        self.server = server
    }

    deinit { curl_easy_cleanup(handle) }

    /// Sends a text.
    /// - Returns: False if the connection has ended.
    func send(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var sent = 0
            let code = rest.withUnsafeBytes { bytes in
                curl_easy_send(handle, bytes.baseAddress, bytes.count, &sent)
            }
            if code == CURLE_AGAIN {
                var entry = pollfd(fd: server, events: Int16(POLLOUT), revents: 0)
                guard poll(&entry, 1, Int32(Self.connectMilliseconds)) > 0 else { return false }
            } else if code != CURLE_OK {
                return false
            }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Copies the response to the client, as fast as the client reads, until one of them ends.
    /// - Returns: True if the server has ended the connection in order.
    func copy(to client: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: RelaySocket.copiedBytes)
        while true {
            var count = 0
            let code = curl_easy_recv(handle, &buffer, buffer.count, &count)
            if code == CURLE_AGAIN {
                guard waitForBytes(client) else { return false }
                continue
            }
            guard code == CURLE_OK else { return false }
            guard count > 0 else { return true }
            guard RelaySocket.send(buffer[..<count], to: client) else { return false }
        }
    }

    /// Waits until the server sends.
    /// - Returns: False if the client closes before.
    private func waitForBytes(_ client: Int32) -> Bool {
        // POLLRDHUP, which Swift does not import: poll(2).
        let hangUp: Int16 = 0x2000
        while true {
            var entries = [
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
                pollfd(fd: client, events: hangUp, revents: 0),
            ]
            guard poll(&entries, 2, -1) >= 0 else {
                if errno == EINTR { continue }
                return false
            }
            if entries[1].revents != 0 { return false }
            if entries[0].revents != 0 { return true }
        }
    }
}

/// A socket whose receive buffer limits what a seek discards, as FFmpeg's own would be.
private let openRelaySocket: spool_curl_socket_callback_type = { _, _, address in
    guard let address else { return CURL_SOCKET_BAD }
    let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    let made = socket(address.pointee.family, type, address.pointee.protocol)
    if made >= 0 { RelaySocket.setBuffer(made, SO_RCVBUF, RelaySocket.serverBufferBytes) }
    return made
}

/// Operations on the relay's sockets.
enum RelaySocket {
    /// Receive buffer towards the server: it limits the throughput of a distant store
    /// (buffer / round trip = bytes a second).
    static let serverBufferBytes = 1 << 18
    /// Send buffer towards the child process, which is on the same machine.
    static let localBufferBytes = 1 << 15
    /// Bytes copied at once.
    static let copiedBytes = 1 << 15

    static func setBuffer(_ descriptor: Int32, _ option: Int32, _ bytes: Int) {
        var value = Int32(bytes)
        setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Makes `close` reset the connection, so that the client sees an error and not an end.
    static func resetOnClose(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    static func send(_ bytes: ArraySlice<UInt8>, to client: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                Glibc.send(client, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// The user of the process at the other end of a loopback connection (proc(5), `/proc/net/tcp`).
enum PeerCheck {
    /// True if the client's process has this process's user, or the system has no such table.
    static func isOwnProcess(_ client: Int32, listeningPort: Int) -> Bool {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getpeername(client, $0, &length)
            }
        }
        guard status == 0 else { return false }
        guard let file = fopen("/proc/net/tcp", "re") else { return true }
        defer { fclose(file) }
        let port = Int(UInt16(bigEndian: address.sin_port))
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let text = line {
            guard let row = ConnectionRow(String(cString: text)),
                row.localPort == port, row.remotePort == listeningPort
            else { continue }
            return row.user == geteuid()
        }
        return false
    }
}

/// A row of `/proc/net/tcp`.
struct ConnectionRow: Equatable {
    var localPort: Int
    var remotePort: Int
    var user: UInt32

    init?(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count > 7, let local = Self.port(words[1]), let remote = Self.port(words[2]),
            let user = UInt32(words[7])
        else { return nil }
        (localPort, remotePort, self.user) = (local, remote, user)
    }

    /// The port of `0100007F:1F90`.
    private static func port(_ text: Substring) -> Int? {
        text.split(separator: ":").last.flatMap { Int($0, radix: 16) }
    }
}
