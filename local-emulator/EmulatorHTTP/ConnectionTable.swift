import CMicroHTTPD
import Glibc
import Synchronization

/// Bounds of a server's connections, beyond those that libmicrohttpd has.
struct ConnectionLimits: Sendable {
    /// Connections at the same time; to accept one more, an idle one is closed.
    var countMax: Int
    /// Connections of one address, under the same rule.
    var addressCountMax: Int
    /// Time for a request's head, from its first byte.
    var headTimeMax: Duration
    /// Time in which a new connection sends its first byte; nil for no limit.
    var firstByteTimeMax: Duration?
    /// Bytes of a request's body that arrive in a minute at least; 0 for no limit.
    var bodyBytesPerMinuteMin: Int
}

/// The open connections of a server by socket.
///
/// libmicrohttpd ends connections without traffic. A client that sends a byte now and then, or
/// opens connections and sends nothing, would keep all of them: this table ends those.
final class ConnectionTable: Sendable {
    private enum Phase {
        /// Between requests, or within a head.
        case waiting(since: ContinuousClock.Instant, received: UInt64, isNew: Bool)
        /// Within a head that has begun.
        case head(since: ContinuousClock.Instant)
        case request
        /// Within a body, with a sample of the bytes received.
        case body(since: ContinuousClock.Instant, received: UInt64)
        /// Shut down; libmicrohttpd will notice.
        case ended
    }

    private struct Entry {
        let connection: ConnectionHandle
        let address: String
        var phase: Phase
        /// The thread on which a request line has arrived without its head.
        var headThread: pthread_t?

        /// Since when the connection has had no complete request; nil during one.
        var idleSince: ContinuousClock.Instant? {
            switch phase {
            case .waiting(let since, _, _), .head(let since): since
            case .request, .body, .ended: nil
            }
        }
    }

    private struct State {
        var entries: [Int32: Entry] = [:]
        var countByAddress: [String: Int] = [:]
        var endedCount = 0

        mutating func end(_ socket: Int32) {
            guard let entry = entries[socket] else { return }
            if case .ended = entry.phase { return }
            shutdown(socket, Int32(SHUT_RDWR))
            entries[socket]?.phase = .ended
            endedCount += 1
        }

        /// Ends the connection that has been idle for the longest time.
        mutating func makeRoom(for socket: Int32, address: String?) {
            let idle = entries.filter { key, entry in
                key != socket && entry.idleSince != nil
                    && (address == nil || entry.address == address)
            }
            let longest = idle.min { one, other in
                (one.value.idleSince ?? .now) < (other.value.idleSince ?? .now)
            }
            if let longest { end(longest.key) }
        }
    }

    let limits: ConnectionLimits
    private let state = Mutex(State())

    init(limits: ConnectionLimits) { self.limits = limits }

    /// Adds a connection. Called on its thread, as the calls below; its socket is open until
    /// `closed` returns.
    func opened(_ connection: ConnectionHandle) {
        let (socket, address) = (connection.socket, connection.remote.address)
        guard socket >= 0 else { return }
        state.withLock { state in
            state.entries[socket] = Entry(
                connection: connection, address: address,
                phase: .waiting(since: .now, received: 0, isNew: true))
            state.countByAddress[address, default: 0] += 1
            if state.countByAddress[address, default: 0] > limits.addressCountMax {
                state.makeRoom(for: socket, address: address)
            } else if state.entries.count - state.endedCount > limits.countMax {
                state.makeRoom(for: socket, address: nil)
            }
        }
    }

    func closed(_ connection: ConnectionHandle) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: connection.socket) else { return }
            if case .ended = entry.phase { state.endedCount -= 1 }
            let left = state.countByAddress[entry.address, default: 1] - 1
            state.countByAddress[entry.address] = left > 0 ? left : nil
        }
    }

    /// Notes that a request line has arrived.
    func headBegan(_ connection: ConnectionHandle) {
        let thread = pthread_self()
        state.withLock { $0.entries[connection.socket]?.headThread = thread }
    }

    /// Notes that a head has arrived.
    /// - Returns: False if the server has too many connections for one more request.
    func requestBegan(_ connection: ConnectionHandle) -> Bool {
        state.withLock { state in
            state.entries[connection.socket]?.headThread = nil
            set(.request, of: connection.socket, &state)
            return state.entries.count - state.endedCount <= limits.countMax
        }
    }

    func bodyBegan(_ connection: ConnectionHandle) {
        let received = connection.receivedBytes
        state.withLock { state in
            set(.body(since: .now, received: received), of: connection.socket, &state)
        }
    }

    func bodyEnded(_ connection: ConnectionHandle) {
        state.withLock { state in set(.request, of: connection.socket, &state) }
    }

    func requestEnded(_ connection: ConnectionHandle) {
        let received = connection.receivedBytes
        state.withLock { state in
            state.entries[connection.socket]?.headThread = nil
            set(
                .waiting(since: .now, received: received, isNew: false), of: connection.socket,
                &state)
        }
    }

    private func set(_ phase: Phase, of socket: Int32, _ state: inout State) {
        guard let entry = state.entries[socket] else { return }
        if case .ended = entry.phase { return }
        state.entries[socket]?.phase = phase
    }

    /// Ends connections whose head or body does not arrive.
    func endSlow() {
        state.withLock { state in
            let now = ContinuousClock.now
            for (socket, entry) in state.entries {
                guard let next = next(entry, now) else {
                    state.end(socket)
                    continue
                }
                state.entries[socket]?.phase = next
            }
        }
    }

    /// The phase of a connection after a look at it; nil to end it.
    private func next(_ entry: Entry, _ now: ContinuousClock.Instant) -> Phase? {
        switch entry.phase {
        case .waiting(let since, let received, let isNew):
            if entry.connection.receivedBytes > received { return .head(since: now) }
            guard isNew, let limit = limits.firstByteTimeMax else { return entry.phase }
            return now - since > limit ? nil : entry.phase
        case .head(let since): return now - since > limits.headTimeMax ? nil : entry.phase
        case .body(let since, let received):
            guard limits.bodyBytesPerMinuteMin > 0, now - since >= .seconds(60) else {
                return entry.phase
            }
            // Bytes that this server has not read yet are not the client's fault.
            let total = entry.connection.receivedBytes
            let isSlow = total < received + UInt64(limits.bodyBytesPerMinuteMin)
            if isSlow, entry.connection.unreadBytes == 0 { return nil }
            return .body(since: now, received: total)
        case .request, .ended: return entry.phase
        }
    }

    /// Answers the connection of this thread whose length is malformed, in place of libmicrohttpd
    /// 0.9.75, which sends its head twice then. Called by its log.
    func refuseMalformedLength() {
        let thread = pthread_self()
        let sockets = state.withLock { state in
            state.entries.filter { entry in
                guard entry.value.headThread == thread else { return false }
                // Only this thread changes its connections' heads.
                let lengths = entry.value.connection.headers.values(of: "content-length")
                return lengths.contains { !RequestRules.isLength($0) }
            }.map(\.key)
        }
        let text = "Content-Length is not a number.\n"
        let answer =
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
            + "X-Content-Type-Options: nosniff\r\nConnection: close\r\n"
            + "Content-Length: \(text.utf8.count)\r\n\r\n" + text
        for socket in sockets {
            let bytes = Array(answer.utf8)
            _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            shutdown(socket, Int32(SHUT_WR))
        }
    }
}

extension ConnectionHandle {
    /// Bytes that the socket has received so far.
    fileprivate var receivedBytes: UInt64 {
        var received: UInt64 = 0
        var sent: UInt64 = 0
        return spool_tcp_traffic(socket, &received, &sent) == 0 ? received : 0
    }

    /// Bytes that wait in the socket.
    fileprivate var unreadBytes: Int {
        var count: Int32 = 0
        return ioctl(socket, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }
}
