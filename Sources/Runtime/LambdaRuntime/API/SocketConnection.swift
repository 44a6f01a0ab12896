import Glibc

/// A failed exchange with the Runtime API.
enum SocketError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed.
    case system(call: String, errno: Int32)
    /// The host's name has no address.
    case unknownHost(String)
    /// The API closed the connection before the first byte of its response.
    case closedBeforeAnswer
    /// The API closed the connection within its response.
    case truncated
    case invalid(HTTPParseError)

    var description: String {
        switch self {
        case .system(let call, let number): "\(call): \(String(cString: strerror(number)))"
        case .unknownHost(let host): "the host \(host) has no address"
        case .closedBeforeAnswer: "the connection was closed before the response"
        case .truncated: "the connection was closed inside the response"
        case .invalid(let error): error.description
        }
    }

    /// True if no byte of a response arrived, as on a connection that the API had closed while it
    /// was idle.
    var isBeforeAnswer: Bool {
        switch self {
        case .closedBeforeAnswer: true
        case .system(_, let number): number == EPIPE || number == ECONNRESET
        case .unknownHost, .truncated, .invalid: false
        }
    }
}

/// One blocking TCP connection; only the client's thread uses it.
final class SocketConnection {
    let descriptor: Int32
    /// True if an exchange has succeeded on this connection.
    private(set) var isReused = false
    /// Buffer for a head and a usual event; larger bodies bypass it.
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// Connects; on loopback the result is immediate.
    init(to endpoint: RuntimeEndpoint) throws(SocketError) {
        descriptor = try SocketConnection.connect(endpoint)
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Without it, a response in two pieces waits 40 ms for an acknowledgement.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, size)
    }

    deinit { close(descriptor) }

    /// Sends a request and waits for its complete response, without a limit.
    /// - Parameter whileWaiting: Called after sending, before waiting.
    func exchange(
        _ request: RuntimeRequest, for endpoint: RuntimeEndpoint, limits: HTTPLimits,
        whileWaiting: () -> Void = {}
    ) throws(SocketError) -> RuntimeAPIResponse {
        var sendFailure: SocketError?
        do {
            try send(request.head(for: endpoint), request.body)
        } catch {
            // The API may refuse a large body by a response and a close (413): the response
            // counts, not the broken pipe.
            guard error.isBeforeAnswer else { throw error }
            sendFailure = error
        }
        whileWaiting()
        do {
            return try receiveResponse(limits: limits)
        } catch {
            throw error.isBeforeAnswer ? sendFailure ?? error : error
        }
    }

    /// True if the API has sent bytes or closed the connection.
    var hasInput: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) > 0
    }

    /// Waits for one complete response.
    func receiveResponse(limits: HTTPLimits) throws(SocketError) -> RuntimeAPIResponse {
        var parser = HTTPResponseParser(limits: limits)
        while true {
            let count: Int
            do {
                count = try receive()
            } catch {
                throw error.isBeforeAnswer && parser.hasStarted ? .truncated : error
            }
            guard count > 0 else {
                throw parser.hasStarted ? .truncated : .closedBeforeAnswer
            }
            do {
                try parser.consume(buffer[..<count])
            } catch {
                throw .invalid(error)
            }
            if parser.missingBodyBytes > 0 {
                try parser.fillBody { (memory) throws(SocketError) in
                    try receiveRest(into: memory)
                }
            }
            if let response = parser.response {
                isReused = true
                return response
            }
        }
    }

    private func receive() throws(SocketError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                recv(descriptor, bytes.baseAddress, bytes.count, 0)
            }
            if count >= 0 { return count }
            if errno != EINTR { throw .system(call: "recv", errno: errno) }
        }
    }

    private func receiveRest(
        into memory: UnsafeMutableRawBufferPointer
    ) throws(SocketError) -> Int {
        while true {
            let count = recv(
                descriptor, memory.baseAddress, memory.count, Int32(MSG_WAITALL))
            if count >= 0 { return count }
            if errno == ECONNRESET { return 0 }
            if errno != EINTR { throw .system(call: "recv", errno: errno) }
        }
    }

    func sendAll(_ bytes: [UInt8]) throws(SocketError) { try send(bytes, []) }

    /// Sends head and body together, without copying them.
    private func send(_ head: [UInt8], _ body: [UInt8]) throws(SocketError) {
        let failure = head.withUnsafeBytes { head in
            body.withUnsafeBytes { body in sendPieces(head, body) }
        }
        if let failure { throw failure }
    }

    private func sendPieces(
        _ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) -> SocketError? {
        var sent = 0
        while sent < head.count + body.count {
            let headRest = head[min(sent, head.count)...]
            let bodyRest = body[max(0, sent - head.count)...]
            var pieces = (Self.vector(headRest), Self.vector(bodyRest))
            let count = withUnsafeMutablePointer(to: &pieces) { pieces in
                pieces.withMemoryRebound(to: iovec.self, capacity: 2) { pieces in
                    // SAFETY: the vectors name memory of the caller's arrays,
                    // which outlives the call.
                    var message = msghdr()
                    message.msg_iov = pieces
                    message.msg_iovlen = 2
                    return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                }
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                return .system(call: "send", errno: errno)
            }
        }
        return nil
    }

    private static func vector(_ bytes: Slice<UnsafeRawBufferPointer>) -> iovec {
        let whole = UnsafeRawBufferPointer(rebasing: bytes)
        return iovec(
            iov_base: UnsafeMutableRawPointer(mutating: whole.baseAddress), iov_len: whole.count)
    }

    private static func connect(_ endpoint: RuntimeEndpoint) throws(SocketError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found) == 0 else {
            throw .unknownHost(endpoint.host)
        }
        defer { freeaddrinfo(found) }
        var failure = SocketError.unknownHost(endpoint.host)
        var candidate = found
        while let address = candidate?.pointee {
            candidate = address.ai_next
            let type = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
            let descriptor = socket(address.ai_family, type, address.ai_protocol)
            guard descriptor >= 0 else {
                failure = .system(call: "socket", errno: errno)
                continue
            }
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
                return descriptor
            }
            failure = .system(call: "connect", errno: errno)
            close(descriptor)
        }
        throw failure
    }
}
