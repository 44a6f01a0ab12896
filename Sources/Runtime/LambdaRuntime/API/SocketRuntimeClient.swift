import Glibc
package import Logging
import Synchronization
import Threads
import WallClock

/// The Runtime API over one kept-alive connection.
///
/// The actor blocks its own thread. The loop and the handler run on the same
/// thread, so an invocation needs no hop between threads.
package actor SocketRuntimeClient: RuntimeClient {
    private let thread = RuntimeThread()
    let endpoint: RuntimeEndpoint
    private let limits: HTTPLimits
    private let retries: RetryDelays
    private let waiter = Waiter()
    private var connection: SocketConnection?
    private var stream: ResponseStream?
    /// Started once, after the first `next` has been sent.
    private var warmUp: (@Sendable () -> Void)?

    /// The client's own thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// - Throws: when `AWS_LAMBDA_RUNTIME_API` is not `host:port`.
    package init(environment: RuntimeEnvironment) throws(RuntimeEnvironmentError) {
        try self.init(runtimeAPI: environment.runtimeAPI, retries: RetryDelays())
    }

    init(
        runtimeAPI: String, limits: HTTPLimits = HTTPLimits(), retries: RetryDelays
    ) throws(RuntimeEnvironmentError) {
        endpoint = try RuntimeEndpoint(runtimeAPI)
        self.limits = limits
        self.retries = retries
    }

    /// Runs the loop on this client's thread.
    /// - Parameter warmUp: Runs on another thread after the first `next` has been
    ///   sent, so it does not delay the start.
    /// - Throws: The reason for the end; `.terminated` is the orderly one.
    package func run(
        environment: RuntimeEnvironment, logger: Logger, observer: any InvocationObserver,
        warmUp: (@Sendable () -> Void)? = nil, handler: @escaping FunctionHandler
    ) async throws(RuntimeClientError) {
        self.warmUp = warmUp
        try await runLoop(
            client: self, environment: environment, logger: logger, observer: observer,
            handler: handler)
    }

    /// Makes the current or following `next` throw `.terminated`. Callable from any
    /// thread.
    package nonisolated func terminate() { waiter.terminate() }

    /// `GET /runtime/invocation/next`, repeated a bounded number of times when the
    /// connection breaks or the answer is incomplete.
    package func next() async throws(RuntimeClientError) -> Invocation {
        try await wait(.next) { (response) throws(HTTPParseError) in
            try Invocation(response, now: .now())
        }
    }

    /// `GET /runtime/restore/next`.
    package func waitForRestore() async throws(RuntimeClientError) {
        try await wait(.restoreNext) { _ in }
        // The connection belongs to the machine of the snapshot.
        connection = nil
    }

    private func wait<Value>(
        _ request: RuntimeRequest, _ read: (RuntimeAPIResponse) throws(HTTPParseError) -> Value
    ) async throws(RuntimeClientError) -> Value {
        var failure = RuntimeClientError(.unreachable, operation: request.operation, detail: "")
        var attempt = -1
        while attempt + 1 < retries.attemptCountMax {
            attempt += 1
            if attempt > 0 { await retries.wait(before: attempt) }
            do {
                let response = try exchange(request, isInterruptible: true)
                if response.status == 200 {
                    do { return try read(response) } catch { throw SocketError.invalid(error) }
                }
                failure.code = response.status == 500 ? .containerError : .invalidAnswer
                failure.detail = "the status is \(response.status)"
                if response.status == 500 { throw failure }
            } catch let error as RuntimeClientError {
                throw error
            } catch let error as SocketError {
                if let requestID = error.unusableEvent {
                    // Without a report its caller would wait for the end of this process.
                    let report = HandlerError(
                        type: "Runtime.UnusableEvent",
                        message: "The runtime cannot take the event: \(error).")
                    _ = try await reportError(report, requestID: requestID)
                    attempt = -1
                    continue
                }
                failure.code = error.isInvalidAnswer ? .invalidAnswer : .unreachable
                failure.detail = error.description
            } catch {
                failure.code = .invalidAnswer
                failure.detail = String(describing: error)
            }
            if waiter.isTerminated || Task.isCancelled {
                failure.code = .terminated
                throw failure
            }
        }
        throw failure
    }

    /// `POST /runtime/invocation/{id}/response`.
    package func respond(
        _ response: [UInt8], requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome {
        try await post(.response(response, requestID: requestID))
    }

    /// `POST /runtime/invocation/{id}/error`.
    package func reportError(
        _ error: HandlerError, requestID: String
    ) async throws(RuntimeClientError) -> ReportOutcome {
        try await post(.error(error, requestID: requestID))
    }

    /// `POST /runtime/init/error`.
    package func reportInitError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome {
        try await post(.initError(error))
    }

    /// `POST /runtime/restore/error`.
    package func reportRestoreError(
        _ error: HandlerError
    ) async throws(RuntimeClientError) -> ReportOutcome {
        try await post(.restoreError(error))
    }

    /// Posting a result twice is harmless: the platform refuses the second one.
    private func post(_ request: RuntimeRequest) async throws(RuntimeClientError) -> ReportOutcome {
        var detail = ""
        for attempt in 0..<retries.attemptCountMax {
            if attempt > 0 { await retries.wait(before: attempt) }
            do {
                let response = try exchange(request, isInterruptible: false)
                let outcome = try outcome(of: request, response)
                guard case .lost(let reason) = outcome else { return outcome }
                detail = reason
            } catch let error as RuntimeClientError {
                throw error
            } catch {
                detail = String(describing: error)
            }
        }
        return .lost(detail: detail)
    }

    /// For tests: true if the platform has closed the idle connection.
    var isConnectionClosed: Bool { connection?.hasInput ?? false }

    var hasBegunStream: Bool { stream?.hasBegun ?? false }

    /// Sends a piece of a streamed response; the first one opens the stream.
    func writeChunk(_ bytes: [UInt8], _ request: RuntimeRequest, prelude: [UInt8]) throws {
        let stream = try stream ?? openStream(request)
        self.stream = stream
        do {
            try stream.write(stream.hasBegun || prelude.isEmpty ? bytes : prelude + bytes)
        } catch {
            throw ResponseStreamError(detail: error.detail)
        }
    }

    /// Does not reuse a connection that the platform has closed.
    private func openStream(_ request: RuntimeRequest) throws -> ResponseStream {
        if connection?.hasInput == true { connection = nil }
        let open = try connection ?? SocketConnection(to: endpoint)
        connection = nil
        return ResponseStream(
            on: open, head: request.head(for: endpoint), limits: limits)
    }

    /// Ends the open stream.
    /// - Returns: The API's response and the number of bytes written.
    func endStream(
        _ request: RuntimeRequest, _ failure: HandlerError?
    ) throws(RuntimeClientError) -> (ReportOutcome, bytes: Int) {
        guard let stream else { return (.lost(detail: "there is no stream"), 0) }
        self.stream = nil
        do {
            let response = try stream.finish(error: failure)
            if response.keepsConnection { connection = stream.connection }
            return (try outcome(of: request, response), stream.bodyBytes)
        } catch let error as RuntimeClientError {
            throw error
        } catch let error as ResponseStream.Failure {
            guard case .answered(let response) = error else {
                return (.lost(detail: error.detail), stream.bodyBytes)
            }
            return (try outcome(of: request, response), stream.bodyBytes)
        } catch {
            return (.lost(detail: "\(error)"), stream.bodyBytes)
        }
    }

    private func outcome(
        of request: RuntimeRequest, _ response: RuntimeAPIResponse
    ) throws(RuntimeClientError) -> ReportOutcome {
        switch response.status {
        case 200...299: return .accepted
        case 400...499: return .refused(status: response.status)
        case 500:
            throw RuntimeClientError(
                .containerError, operation: request.operation, detail: "the status is 500")
        default: return .lost(detail: "the status is \(response.status)")
        }
    }

    /// One request over the kept connection, or over a new one if the kept one was closed.
    private func exchange(
        _ request: RuntimeRequest, isInterruptible: Bool
    ) throws -> RuntimeAPIResponse {
        if let connection, connection.isReused {
            do {
                return try exchange(request, on: connection, isInterruptible)
            } catch let error as SocketError where error.isBeforeAnswer {
                // Stale: sent once more, on a new connection.
            }
        }
        if isInterruptible { try waiter.check() }
        return try exchange(request, on: SocketConnection(to: endpoint), isInterruptible)
    }

    /// The caller keeps `open` alive beyond this call, so the waiter never holds a
    /// closed socket.
    private func exchange(
        _ request: RuntimeRequest, on open: SocketConnection, _ isInterruptible: Bool
    ) throws -> RuntimeAPIResponse {
        connection = nil
        if isInterruptible { try waiter.begin(on: open.descriptor) }
        defer { waiter.end() }
        let response = try open.exchange(
            request, for: endpoint, limits: limits
        ) {
            guard let warmUp else { return }
            startThread(warmUp)
            self.warmUp = nil
        }
        if response.keepsConnection { connection = open }
        return response
    }
}

extension SocketError {
    fileprivate var isInvalidAnswer: Bool {
        if case .invalid = self { true } else { false }
    }

    /// The request ID of an event that was received and cannot be used.
    fileprivate var unusableEvent: String? {
        if case .invalid(let error) = self { error.requestID } else { nil }
    }
}

/// Attempts of a failed call and the delays between them.
struct RetryDelays: Sendable, Hashable {
    var attemptCountMax = 6
    /// Delay before the second attempt; each further delay is four times as long.
    var first = Duration.milliseconds(10)
    var delayMax = Duration.seconds(1)

    func wait(before attempt: Int) async {
        let factor = 1 << min(2 * (attempt - 1), 20)
        let delay = min(delayMax, first * factor)
        // A cancelled sleep ends early, and the attempt after it sees why.
        try? await Task.sleep(for: delay)
    }
}
