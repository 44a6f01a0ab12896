import CMicroHTTPD
import Glibc
import Synchronization

/// Where a server listens and what it spends on its clients.
package struct HTTPServerConfiguration: Sendable {
    /// An IPv4 address.
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    /// Threads that serve connections; each connection stays with one.
    package var threadCount: Int
    /// Bytes of buffer for each connection. Heads must fit into half of it;
    /// large ones make uploads faster and idle connections dearer.
    package var connectionMemoryBytes: Int
    package var connectionCountMaximum: Int
    /// Seconds without a byte after which a connection is closed. Time that
    /// the handler takes does not count.
    package var idleTimeoutSeconds: Int
    /// Bytes that the kernel may hold for a client that reads slowly
    /// (`SO_SNDBUF`); nil leaves it to the kernel. FFmpeg reads a part of a
    /// film and hangs up: what was sent and not read then is wasted, 6 MB of
    /// a 10 s chunk with the kernel's choice.
    package var sendBufferBytes: Int?

    package init(
        host: String = "127.0.0.1", port: Int = 0, threadCount: Int = 2,
        connectionMemoryBytes: Int = 64 << 10, connectionCountMaximum: Int = 4_096,
        idleTimeoutSeconds: Int = 75, sendBufferBytes: Int? = nil
    ) {
        self.host = host
        self.port = port
        self.threadCount = threadCount
        self.connectionMemoryBytes = connectionMemoryBytes
        self.connectionCountMaximum = connectionCountMaximum
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.sendBufferBytes = sendBufferBytes
    }
}

/// Why a server could not start.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int
    package var detail: String

    package var description: String { "Cannot listen on \(host):\(port): \(detail)." }
}

/// An HTTP/1.1 server on libmicrohttpd: epoll threads read and write, tasks
/// answer.
package final class HTTPServer: Sendable {
    private struct State {
        var daemon: DaemonHandle?
        var watch: Task<Void, Never>?
    }

    private let configuration: HTTPServerConfiguration
    private let core: ServerCore
    private let state = Mutex(State())

    /// The server answers nothing before `start`.
    package init(configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        core = ServerCore(handler: handler)
    }

    deinit {
        let (daemon, watch) = state.withLock { ($0.daemon, $0.watch) }
        watch?.cancel()
        core.parkingLot.giveUp()
        if let daemon { MHD_stop_daemon(daemon.pointer) }
    }

    /// What went over the sockets so far.
    package var counters: HTTPTraffic { core.counters.values }

    /// Listens and serves.
    /// - Returns: the port.
    package func start() throws(HTTPServerError) -> Int {
        let daemon = try DaemonHandle(configuration, core)
        let (parkingLot, uploads) = (core.parkingLot, core.uploads)
        let watch = Task {
            // A task whose client is gone is cancelled within two rounds.
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(250))
                parkingLot.cancelAbandoned()
                uploads.breakEnded()
            }
        }
        state.withLock { state in
            state.daemon = daemon
            state.watch = watch
        }
        return daemon.port
    }

    /// Answers new requests with 503, lets running ones end, then cancels the
    /// rest and closes everything. Returns at once when it does not run.
    ///
    /// `MHD_quiesce_daemon` would close the door sooner, but in 0.9.75 it races
    /// with its own worker threads for the epoll entry of the listening socket
    /// and aborts the program.
    package func stop(graceMilliseconds: Int) async {
        let (daemon, watch) = state.withLock { state in
            defer { state = State() }
            return (state.daemon, state.watch)
        }
        guard let daemon else { return }
        core.isDraining.store(true, ordering: .relaxed)
        if !(await drained(within: graceMilliseconds)) {
            core.parkingLot.cancelAll()
            _ = await drained(within: 500)
        }
        core.parkingLot.giveUp()
        watch?.cancel()
        await watch?.value
        await daemon.stop()
    }

    private func drained(within milliseconds: Int) async -> Bool {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while core.counters.values.activeRequests > 0 {
            if ContinuousClock.now >= end { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }
}

/// What the callbacks of a server's connections share.
final class ServerCore: Sendable {
    let handler: any HTTPHandler
    let counters = TrafficCounters()
    let parkingLot = ParkingLot()
    let uploads = OpenUploads()
    /// New requests are refused.
    let isDraining = Atomic(false)

    init(handler: any HTTPHandler) { self.handler = handler }
}
