import CMicroHTTPD
import Glibc
import Synchronization
import Threads

/// A running daemon of libmicrohttpd.
struct DaemonHandle: @unchecked Sendable {
    // SAFETY: the functions used on a daemon (stop, info) may be
    // called from any thread, and `HTTPServer` stops it exactly once.
    let pointer: OpaquePointer
    let port: Int

    init(_ configuration: HTTPServerConfiguration, _ core: ServerCore) throws(HTTPServerError) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: configuration.port)).bigEndian
        guard inet_pton(AF_INET, configuration.host, &address.sin_addr) == 1 else {
            throw HTTPServerError(
                host: configuration.host, port: configuration.port,
                detail: "the host is not an IPv4 address")
        }
        let flags =
            MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
            | MHD_USE_ITC.rawValue | MHD_USE_ERROR_LOG.rawValue
        errno = 0
        let started = withUnsafeMutablePointer(to: &address) { address in
            var options = daemonOptions(configuration, core, address)
            return options.withUnsafeMutableBufferPointer { options -> OpaquePointer? in
                guard let items = options.baseAddress else { return nil }
                let arguments: [any CVarArg] = [
                    MHD_OPTION.ARRAY.rawValue, items, MHD_OPTION.END.rawValue,
                ]
                return withVaList(arguments) { arguments in
                    MHD_start_daemon_va(flags, 0, nil, nil, advanceExchange, nil, arguments)
                }
            }
        }
        guard let started else {
            throw HTTPServerError(
                host: configuration.host, port: configuration.port,
                detail: String(cString: strerror(errno)))
        }
        pointer = started
        port = Int(spool_daemon_port(started))
        if let bytes = configuration.sendBufferBytes {
            // Accepted sockets inherit it from the listening socket.
            var size = Int32(clamping: bytes)
            setsockopt(
                spool_daemon_listener(started), SOL_SOCKET, SO_SNDBUF, &size,
                socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// True while a connection is not accepted yet.
    var hasWaitingClient: Bool {
        var listener = pollfd(
            fd: spool_daemon_listener(pointer), events: Int16(POLLIN), revents: 0)
        return poll(&listener, 1, 0) > 0
    }

    /// Closes all connections and joins the threads, outside the cooperative pool.
    func stop() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            startThread {
                MHD_stop_daemon(self.pointer)
                continuation.resume()
            }
        }
    }
}

private func daemonOptions(
    _ configuration: HTTPServerConfiguration, _ core: ServerCore,
    _ address: UnsafeMutablePointer<sockaddr_in>
) -> [MHD_OptionItem] {
    // The server keeps the core alive for as long as the daemon runs.
    let context = Unmanaged.passUnretained(core).toOpaque()
    var options = [
        MHD_OptionItem(
            option: MHD_OPTION.EXTERNAL_LOGGER,
            value: Int(bitPattern: unsafeBitCast(readLog, to: UnsafeRawPointer.self)),
            ptr_value: context),
        MHD_OptionItem(option: MHD_OPTION.SOCK_ADDR, value: 0, ptr_value: address),
        MHD_OptionItem(
            option: MHD_OPTION.URI_LOG_CALLBACK,
            value: Int(bitPattern: unsafeBitCast(beginExchange, to: UnsafeRawPointer.self)),
            ptr_value: context),
        MHD_OptionItem(
            option: MHD_OPTION.NOTIFY_COMPLETED,
            value: Int(bitPattern: unsafeBitCast(endExchange, to: UnsafeRawPointer.self)),
            ptr_value: context),
        MHD_OptionItem(
            option: MHD_OPTION.NOTIFY_CONNECTION,
            value: Int(bitPattern: unsafeBitCast(noteConnection, to: UnsafeRawPointer.self)),
            ptr_value: context),
    ]
    var numbers: [(MHD_OPTION, Int)] = [
        (MHD_OPTION.CONNECTION_MEMORY_LIMIT, configuration.connectionMemoryBytes),
        (MHD_OPTION.CONNECTION_LIMIT, configuration.acceptedCountMax),
        (MHD_OPTION.CONNECTION_TIMEOUT, Int(configuration.idleTimeout / .seconds(1))),
        // Its own answer to a missing Host has two heads; `RequestRules` requires one.
        (MHD_OPTION.STRICT_FOR_CLIENT, 0),
    ]
    if configuration.threadCount > 1 {
        numbers.append((MHD_OPTION.THREAD_POOL_SIZE, configuration.threadCount))
    }
    for (option, value) in numbers {
        options.append(MHD_OptionItem(option: option, value: value, ptr_value: nil))
    }
    options.append(MHD_OptionItem(option: MHD_OPTION.END, value: 0, ptr_value: nil))
    return options
}

// The callbacks. libmicrohttpd passes the exchange that `beginExchange` returns to the
// others, up to `endExchange`, which releases it.

private let beginExchange:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
        UnsafeMutableRawPointer? = { context, target, connection in
            guard let context, let target else { return nil }
            let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
            if let connection {
                core.connections.headBegan(ConnectionHandle(pointer: connection))
            }
            let exchange = HTTPExchange(core: core, target: String(cString: target))
            return Unmanaged.passRetained(exchange).toOpaque()
        }

private let advanceExchange:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
        UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeMutablePointer<Int>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result = { _, connection, _, method, version, data, size, context in
        guard let connection, let method, let version, let size, let exchange = context?.pointee
        else { return MHD_Result.NO }
        let bytes = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : size.pointee)
        size.pointee = 0
        let handle = ConnectionHandle(pointer: connection)
        return Unmanaged<HTTPExchange>.fromOpaque(exchange).takeUnretainedValue().advance(
            handle, RequestLine(method: method, version: version), data: bytes)
    }

/// The log of libmicrohttpd: the only sign of a head that it refuses itself.
private let readLog: MHD_LogCallback = { context, format, _ in
    guard let context, let format, strstr(format, "Content-Length") != nil else { return }
    Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        .connections.refuseMalformedLength()
}

private let endExchange:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_RequestTerminationCode
    ) -> Void = { core, connection, context, _ in
        guard let context, let exchange = context.pointee else { return }
        context.pointee = nil
        let owned = Unmanaged<HTTPExchange>.fromOpaque(exchange).takeRetainedValue()
        owned.ended()
        guard let connection else { return }
        let handle = ConnectionHandle(pointer: connection)
        handle.countTraffic(core)
        if let core {
            Unmanaged<ServerCore>.fromOpaque(core).takeUnretainedValue()
                .connections.requestEnded(handle)
        }
    }

private let noteConnection:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_ConnectionNotificationCode
    ) -> Void = { coreContext, connection, context, code in
        guard let connection, let context else { return }
        let handle = ConnectionHandle(pointer: connection)
        let core = coreContext.map { Unmanaged<ServerCore>.fromOpaque($0).takeUnretainedValue() }
        let counters = core?.counters
        if code == MHD_ConnectionNotificationCode.CONNECTION_NOTIFY_STARTED {
            counters?.connectionOpened()
            core?.connections.opened(handle)
            context.pointee = Unmanaged.passRetained(ConnectionTraffic()).toOpaque()
        } else if let traffic = context.pointee {
            handle.countTraffic(coreContext)
            core?.connections.closed(handle)
            context.pointee = nil
            Unmanaged<ConnectionTraffic>.fromOpaque(traffic).release()
            counters?.connectionClosed()
        }
    }

/// The part of a connection's traffic that is already counted; used by the
/// connection's thread alone.
private final class ConnectionTraffic {
    var received = 0
    var sent = 0
}

extension ConnectionHandle {
    /// Counts the socket's traffic since the last call.
    fileprivate func countTraffic(_ context: UnsafeMutableRawPointer?) {
        let information = spool_connection_info(
            pointer, MHD_ConnectionInfoType.CONNECTION_INFO_SOCKET_CONTEXT)
        guard let context, let counted = information?.pointee.socket_context else { return }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        let traffic = Unmanaged<ConnectionTraffic>.fromOpaque(counted).takeUnretainedValue()
        var received: UInt64 = 0
        var sent: UInt64 = 0
        guard spool_tcp_traffic(socket, &received, &sent) == 0 else { return }
        core.counters.add(
            received: max(0, Int(received) - traffic.received),
            sent: max(0, Int(sent) - traffic.sent))
        (traffic.received, traffic.sent) = (Int(received), Int(sent))
    }
}
