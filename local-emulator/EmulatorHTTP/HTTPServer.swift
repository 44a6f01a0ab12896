import CMicroHTTPD
import Glibc
import Synchronization

/// Address and limits of a server.
package struct HTTPServerConfiguration: Sendable {
    /// An IPv4 address.
    package var host: String
    /// TCP port; 0 for any free one.
    package var port: Int
    /// Threads that serve connections; a connection stays on one thread.
    package var threadCount: Int
    /// Buffer of each connection in bytes. A request head must fit into half of it.
    /// A larger buffer makes uploads faster and idle connections more expensive.
    package var connectionMemoryBytes: Int
    /// Connections at the same time; for one more, an idle one is closed. If none is idle, its
    /// request is answered with 503.
    package var connectionCountMax: Int
    /// Connections of one address, under the same rule; nil for three quarters of all.
    package var addressConnectionCountMax: Int?
    /// Time for a request's head, from its first byte.
    package var headTimeMax = Duration.seconds(10)
    /// Bytes of a request's body that arrive in a minute at least; 0 for no limit.
    package var bodyBytesPerMinuteMin = 6_000
    /// A connection without traffic for this long is closed, in whole seconds; zero sets
    /// no limit. The handler's time does not count.
    package var idleTimeout: Duration
    /// Send buffer of a socket in bytes (`SO_SNDBUF`); nil for the kernel's default.
    /// FFmpeg reads a part of a file and disconnects; what is in the buffer then is
    /// wasted, 6 MB of a 10 s chunk with the default.
    package var sendBufferBytes: Int?
    /// Bytes of an unwanted body that are read so that the client can read the response;
    /// beyond them the connection is closed.
    package var discardedBytesMax: Int

    /// A configuration; by default on a free port of the loopback interface.
    package init(
        host: String = "127.0.0.1", port: Int = 0, threadCount: Int = 2,
        connectionMemoryBytes: Int = 64 << 10, connectionCountMax: Int = 4_096,
        idleTimeout: Duration = .seconds(75), sendBufferBytes: Int? = nil,
        discardedBytesMax: Int = 64 << 20
    ) {
        self.host = host
        self.port = port
        self.threadCount = threadCount
        self.connectionMemoryBytes = connectionMemoryBytes
        self.connectionCountMax = connectionCountMax
        self.idleTimeout = idleTimeout
        self.sendBufferBytes = sendBufferBytes
        self.discardedBytesMax = discardedBytesMax
    }
}

extension HTTPServerConfiguration {
    /// Connections that libmicrohttpd accepts: some above the limit, so that a client reads 503
    /// and an idle connection can be closed for it.
    var acceptedCountMax: Int { connectionCountMax + max(16, connectionCountMax / 8) }

    /// Time in which a new connection sends its first byte.
    private static let firstByteTimeMax = Duration.seconds(20)

    /// A server without an idle timeout has no limits of time at all: its clients are its own.
    var connectionLimits: ConnectionLimits {
        let hasTimeouts = idleTimeout > .zero
        return ConnectionLimits(
            countMax: connectionCountMax,
            addressCountMax: addressConnectionCountMax ?? connectionCountMax * 3 / 4,
            headTimeMax: headTimeMax,
            firstByteTimeMax: hasTimeouts ? Self.firstByteTimeMax : nil,
            bodyBytesPerMinuteMin: hasTimeouts ? bodyBytesPerMinuteMin : 0)
    }
}

/// A server that could not start.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// The configured address.
    package var host: String
    /// The configured port.
    package var port: Int
    /// The system's message.
    package var detail: String

    /// One sentence with address and reason.
    package var description: String { "Cannot listen on \(host):\(port): \(detail)." }
}

/// An HTTP/1.1 server on libmicrohttpd: epoll threads read and write, tasks respond.
package final class HTTPServer: Sendable {
    private struct State {
        var daemon: DaemonHandle?
        var watch: Task<Void, Never>?
    }

    private let configuration: HTTPServerConfiguration
    private let core: ServerCore
    private let state = Mutex(State())

    /// Creates a server; it listens after `start`.
    package init(configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        core = ServerCore(
            handler: handler, limits: configuration.connectionLimits,
            discardedBytesMax: configuration.discardedBytesMax)
    }

    deinit {
        let (daemon, watch) = state.withLock { ($0.daemon, $0.watch) }
        watch?.cancel()
        core.suspendedConnections.giveUp()
        if let daemon { MHD_stop_daemon(daemon.pointer) }
    }

    /// Traffic since the start.
    package var counters: HTTPTraffic { core.counters.values }

    /// Listens and serves.
    /// - Returns: The port.
    /// - Throws: When the address cannot be bound.
    package func start() throws(HTTPServerError) -> Int {
        let daemon = try DaemonHandle(configuration, core)
        let (suspendedConnections, uploads) = (core.suspendedConnections, core.uploads)
        let connections = core.connections
        let watch = Task {
            var round = 0
            // The task of a disconnected client is cancelled within two rounds.
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(250))
                suspendedConnections.cancelAbandoned()
                uploads.breakEnded()
                round += 1
                if round % 4 == 0 { connections.endSlow() }
            }
        }
        state.withLock { state in
            state.daemon = daemon
            state.watch = watch
        }
        return daemon.port
    }

    /// Waits until the server has read what its clients have sent and they have disconnected,
    /// or for the given time. For clients whose process has ended.
    package func waitForDisconnects(atMost limit: Duration) async {
        guard let daemon = state.withLock({ $0.daemon }) else { return }
        let end = ContinuousClock.now + limit
        while core.counters.connections > 0 || daemon.hasWaitingClient {
            if ContinuousClock.now >= end { return }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Refuses new requests with 503, waits for running ones up to the grace period,
    /// cancels the rest, and closes all connections after at most 500 ms more.
    /// Returns at once when the server does not run.
    ///
    /// `MHD_quiesce_daemon` would close the listening socket sooner, but in 0.9.75 it
    /// races with its worker threads for the socket's epoll entry and aborts the
    /// program.
    package func stop(grace: Duration) async {
        let (daemon, watch) = state.withLock { state in
            defer { state = State() }
            return (state.daemon, state.watch)
        }
        guard let daemon else { return }
        core.isDraining.store(true, ordering: .relaxed)
        if !(await drained(within: grace)) {
            core.suspendedConnections.cancelAll()
            _ = await drained(within: Self.cancellationTimeMax)
        }
        core.suspendedConnections.giveUp()
        watch?.cancel()
        await watch?.value
        await daemon.stop()
    }

    /// Cancelled handlers that take longer are abandoned.
    private static let cancellationTimeMax = Duration.milliseconds(500)

    private func drained(within limit: Duration) async -> Bool {
        let end = ContinuousClock.now + limit
        while core.counters.values.activeRequests > 0 {
            if ContinuousClock.now >= end { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }
}

/// State shared by the callbacks of all connections.
final class ServerCore: Sendable {
    let handler: any HTTPHandler
    let counters = TrafficCounters()
    let suspendedConnections = SuspendedConnections()
    let uploads = OpenUploads()
    let connections: ConnectionTable
    /// New requests are refused.
    let isDraining = Atomic(false)
    let discardedBytesMax: Int

    init(handler: any HTTPHandler, limits: ConnectionLimits, discardedBytesMax: Int) {
        self.handler = handler
        connections = ConnectionTable(limits: limits)
        self.discardedBytesMax = discardedBytesMax
    }
}
