import CMicroHTTPD
import Synchronization

/// One request and its response. libmicrohttpd calls `advance` repeatedly on the
/// connection's thread; between two calls the connection may be suspended while a task
/// runs the handler.
final class HTTPExchange: Sendable {
    private enum Phase {
        case arrived
        /// The head has arrived and no body follows.
        case bodiless(RequestHead)
        /// A task works for it. Seen on the connection's thread only after the server
        /// has abandoned the task.
        case parked
        case planned(BodyPlan)
        case reading
        case ready(Response)
        case answered
    }

    private struct State {
        var phase = Phase.arrived
        var head: RequestHead?
        var body = BodyReception.collecting([], bytesMax: 0)
        /// Number of discarded body bytes.
        var discardedBytes = 0
    }

    private let core: ServerCore
    private let target: String
    private let state = Mutex(State())

    init(core: ServerCore, target: String) {
        self.core = core
        self.target = target
    }

    /// The next step on the connection's thread.
    func advance(
        _ connection: ConnectionHandle, _ line: RequestLine, data: UnsafeRawBufferPointer
    ) -> MHD_Result {
        let phase = state.withLock { state in
            defer { if case .planned = state.phase { state.phase = .reading } }
            return state.phase
        }
        switch phase {
        case .arrived: return begin(connection, line)
        case .bodiless(let head): return answerBodiless(head, on: connection)
        case .planned(let plan): return startReading(plan, on: connection)
        case .reading where data.isEmpty: return finishReading(connection)
        case .reading: return read(data)
        case .ready(let response): return send(response, on: connection)
        case .parked, .answered: return MHD_Result.NO
        }
    }

    /// Suspends the connection, runs the work and resumes the connection.
    /// - Returns: false when the server is stopping.
    func park(
        _ connection: ConnectionHandle, _ work: @escaping @Sendable () async -> @Sendable () -> Void
    ) -> Bool {
        guard let ticket = core.suspendedConnections.park(connection) else { return false }
        let suspendedConnections = core.suspendedConnections
        let task = Task { suspendedConnections.leave(ticket, prepare: await work()) }
        suspendedConnections.assign(task, to: ticket)
        return true
    }

    /// Called when the response has been sent or the connection has broken.
    func ended() {
        core.uploads.remove(self)
        let hadBegun = state.withLock { state in
            if case .arrived = state.phase { false } else { true }
        }
        if hadBegun { core.counters.requestEnded() }
    }

    private func begin(
        _ connection: ConnectionHandle, _ line: RequestLine
    ) -> MHD_Result {
        core.counters.requestBegan()
        let hasRoom = core.connections.requestBegan(connection)
        let (method, version) = (String(cString: line.method), String(cString: line.version))
        let headers = connection.headers
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let remote = connection.remote
        let head = RequestHead(
            method: method, path: String(parts.first ?? ""),
            query: parts.count > 1 ? String(parts[1]) : nil, headers: headers,
            remoteAddress: remote.address, remotePort: remote.port)
        let fault =
            connection.hasBareLineEnds(line)
            ? "A line of the head does not end with CR LF."
            : RequestRules.fault(
                method: method, target: target, version: version, headers: headers,
                headerBytes: connection.headerBytes)
        if let response = refusal(fault, hasRoom: hasRoom) {
            return send(core.handler.refusal(response, of: head), on: connection)
        }
        let hasBody = RequestRules.hasBody(headers)
        let plan = hasBody ? core.handler.immediatePlan(for: head) : nil
        state.withLock { state in
            state.phase = hasBody ? .parked : .bodiless(head)
            state.head = head
        }
        guard hasBody else { return MHD_Result.YES }
        if let plan {
            if case .refuse(let response) = plan { return send(response, on: connection) }
            state.withLock { $0.phase = .reading }
            return startReading(plan, on: connection)
        }
        let isParked = park(connection) { [self] in
            let plan = await core.handler.plan(for: head)
            if case .refuse(let response) = plan { return become(.ready(response)) }
            return become(.planned(plan))
        }
        return isParked ? MHD_Result.YES : MHD_Result.NO
    }

    /// The server's own response to a malformed request, or to any while it stops or is full.
    private func refusal(_ fault: String?, hasRoom: Bool) -> Response? {
        if let fault {
            return Response(
                status: 400, headers: [("Content-Type", "text/plain"), ("Connection", "close")],
                body: .bytes(Array((fault + "\n").utf8)))
        }
        if !hasRoom {
            return Response(
                status: 503,
                headers: [
                    ("Content-Type", "text/plain"), ("Connection", "close"), ("Retry-After", "1"),
                ], body: .bytes(Array("The server has too many connections.\n".utf8)))
        }
        guard core.isDraining.load(ordering: .relaxed) else { return nil }
        return Response(
            status: 503, headers: [("Connection", "close"), ("Retry-After", "1")], body: .none)
    }

    /// libmicrohttpd closes a connection whose response is queued in the first call, so
    /// a request without a body waits for the second.
    private func answerBodiless(
        _ head: RequestHead, on connection: ConnectionHandle
    ) -> MHD_Result {
        state.withLock { $0.phase = .parked }
        let isParked = park(connection) { [self] in
            let plan = await core.handler.plan(for: head)
            if case .refuse(let response) = plan { return become(.ready(response)) }
            let body = BodyReception(plan).result
            return become(.ready(await core.handler.respond(to: head, body: body)))
        }
        return isParked ? MHD_Result.YES : MHD_Result.NO
    }

    private func become(_ phase: Phase) -> @Sendable () -> Void {
        { [self] in state.withLock { $0.phase = phase } }
    }

    private func startReading(
        _ plan: BodyPlan, on connection: ConnectionHandle
    ) -> MHD_Result {
        core.uploads.add(self, socket: connection.socket)
        core.connections.bodyBegan(connection)
        state.withLock { $0.body = BodyReception(plan) }
        return MHD_Result.YES
    }

    private func read(_ data: UnsafeRawBufferPointer) -> MHD_Result {
        state.withLock { state in
            if !state.body.receive(data) { state.discardedBytes += data.count }
            return state.discardedBytes > core.discardedBytesMax
                ? MHD_Result.NO : MHD_Result.YES
        }
    }

    private func finishReading(_ connection: ConnectionHandle) -> MHD_Result {
        core.uploads.remove(self)
        core.connections.bodyEnded(connection)
        let (head, body) = state.withLock { state in
            state.phase = .parked
            let body = state.body.result
            state.body = .collecting([], bytesMax: 0)
            return (state.head, body)
        }
        guard let head else { return MHD_Result.NO }
        if case .consumed(let consumer) = body { consumer.finish(trailers: connection.trailers) }
        let isParked = park(connection) { [self] in
            become(.ready(await core.handler.respond(to: head, body: body)))
        }
        return isParked ? MHD_Result.YES : MHD_Result.NO
    }

    private func send(_ response: Response, on connection: ConnectionHandle) -> MHD_Result {
        state.withLock { $0.phase = .answered }
        guard let queued = QueuedResponse(response, exchange: self, connection: connection) else {
            return MHD_Result.NO
        }
        return MHD_queue_response(connection.pointer, UInt32(response.status), queued.pointer)
    }
}

/// A request's body while it arrives.
enum BodyReception {
    case collecting([UInt8], bytesMax: Int)
    case consuming(any BodyConsumer)
    /// The consumer has refused the rest.
    case saturated(any BodyConsumer)
    case overflowed

    init(_ plan: BodyPlan) {
        switch plan {
        case .collect(let bytesMax): self = .collecting([], bytesMax: bytesMax)
        case .consume(let consumer): self = .consuming(consumer)
        case .refuse: self = .overflowed
        }
    }

    /// - Returns: Whether the bytes were accepted.
    mutating func receive(_ data: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .collecting(var bytes, let bytesMax):
            guard bytes.count + data.count <= bytesMax else {
                self = .overflowed
                return false
            }
            self = .overflowed
            bytes.append(contentsOf: data)
            self = .collecting(bytes, bytesMax: bytesMax)
            return true
        case .consuming(let consumer):
            if !consumer.receive(data) { self = .saturated(consumer) }
            return true
        case .saturated, .overflowed: return false
        }
    }

    var result: ReceivedBody {
        switch self {
        case .collecting(let bytes, _): .bytes(bytes)
        case .consuming(let consumer), .saturated(let consumer): .consumed(consumer)
        case .overflowed: .tooLarge
        }
    }
}
