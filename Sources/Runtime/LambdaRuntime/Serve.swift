import CMalloc
import Glibc
package import Logging
import Threads

/// Creates a function, once, before its first invocation. Its error is posted as
/// the init error.
package typealias FunctionFactory =
    @Sendable (RuntimeEnvironment, Logger) async throws -> LoadedFunction

/// Serves the function that `_HANDLER` names until SIGTERM or a failure.
///
/// Call it once per process. SIGTERM cancels the handler's task, and the process
/// ends within 500 ms. SIGPIPE is ignored from here on. A fatal signal ends the
/// process; the platform reports it (docs/decisions/0012-crashes-are-reported-by-the-platform.md).
///
/// - Parameters:
///   - environment: The process's variables.
///   - functions: Factories by handler name.
///   - logger: nil for a logger on standard error with the level and format of
///     `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT`.
/// - Returns: The process's exit status: 0 after SIGTERM, else 1.
package func serve(
    environment variables: [String: String], functions: [String: FunctionFactory],
    logger: Logger? = nil
) async -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    leaveFatalSignalsToTheSystem()
    keepFreedMemory()
    let termination = watchTermination()
    let process: ServedProcess
    do {
        let environment = try RuntimeEnvironment(variables)
        let logger =
            logger
            ?? Logger(
                level: environment.logLevel, format: environment.logFormat,
                sink: Logger.descriptor(STDERR_FILENO))
        process = try ServedProcess(environment, logger)
    } catch {
        (logger ?? Logger()).error(
            "Invalid Lambda environment", ["detail": .string("\(error)")])
        return 1
    }
    return await withTaskGroup(of: Int32?.self) { group in
        group.addTask {
            await process.run(functions)
        }
        group.addTask {
            await termination.wait()
            return nil
        }
        var status: Int32 = 1
        for await end in group {
            // The first to end ends the other: SIGTERM cancels the handlers.
            process.terminate()
            group.cancelAll()
            if let end { status = end }
        }
        return status
    }
}

/// Resets handlers of fatal signals. Swift's backtracer would start a program that a package for
/// Lambda does not contain, and delay the end of the process.
private func leaveFatalSignalsToTheSystem() {
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGSYS] {
        signal(number, SIG_DFL)
    }
}

/// Keeps freed memory in the process: an event and its response of up to 6 MiB reuse the pages of
/// those before. By default malloc returns them to the system and faults them in again.
private func keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 16 << 20)
    mallopt(M_TRIM_THRESHOLD, 32 << 20)
}

/// One function in one process, with a client and a loop for each event that the
/// platform may deliver at the same time.
private struct ServedProcess: Sendable {
    private let environment: RuntimeEnvironment
    private let logger: Logger
    private let clients: [SocketRuntimeClient]

    init(_ environment: RuntimeEnvironment, _ logger: Logger) throws(RuntimeEnvironmentError) {
        self.environment = environment
        self.logger = logger
        var clients: [SocketRuntimeClient] = []
        for _ in 0..<environment.maxConcurrency {
            clients.append(try SocketRuntimeClient(environment: environment))
        }
        self.clients = clients
    }

    func terminate() {
        for client in clients { client.terminate() }
    }

    /// - Returns: The exit status.
    func run(_ functions: [String: FunctionFactory]) async -> Int32 {
        do {
            if environment.wantsShutdownSignal,
                let detail = await clients[0].registerForShutdown()
            {
                logger.warning("Registration for SIGTERM failed", ["detail": .string(detail)])
            }
            let function = try await load(clients[0], environment, functions, logger)
            guard let function else { return 1 }
            return await serve(function)
        } catch {
            return status(after: error)
        }
    }

    private func serve(_ function: LoadedFunction) async -> Int32 {
        await withTaskGroup(of: Int32.self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask { await serve(function, client, isFirst: index == 0) }
            }
            // The first loop to end ends the others.
            var first: Int32?
            for await end in group {
                first = first ?? end
                terminate()
                group.cancelAll()
            }
            return first ?? 1
        }
    }

    private func serve(
        _ function: LoadedFunction, _ client: SocketRuntimeClient, isFirst: Bool
    ) async -> Int32 {
        do {
            try await client.run(
                environment: environment, logger: logger,
                observer: TraceVariable(isUsed: clients.count == 1),
                warmUp: isFirst && !environment.isSnapshot ? function.warmUp : nil,
                handler: function.handle)
            return 1
        } catch {
            return status(after: error)
        }
    }

    private func status(after error: RuntimeClientError) -> Int32 {
        if error.code == .terminated { return 0 }
        logger.error("Runtime API connection lost", ["detail": .string(error.description)])
        return 1
    }
}

/// Creates the function and, with SnapStart, waits for the restore of its snapshot.
/// - Returns: nil when the function cannot start; the error has been posted.
func load(
    _ client: some RuntimeClient, _ environment: RuntimeEnvironment,
    _ functions: [String: FunctionFactory], _ logger: Logger
) async throws(RuntimeClientError) -> LoadedFunction? {
    let function: LoadedFunction
    do {
        guard let factory = functions[environment.handlerName] else {
            throw HandlerError.unknownHandler(
                environment.handlerName, known: Array(functions.keys))
        }
        function = try await factory(environment, logger)
        if environment.isSnapshot {
            // Work done before the snapshot costs nothing at a restore.
            function.warmUp?()
            try await function.beforeSnapshot()
        }
    } catch {
        let failure = HandlerError(reporting: error)
        logger.error("Function initialization failed", failure.fields)
        _ = try await client.reportInitError(failure)
        return nil
    }
    guard environment.isSnapshot else { return function }
    try await client.waitForRestore()
    do {
        try await function.afterRestore()
    } catch {
        let failure = HandlerError(reporting: error)
        logger.error("Function restore failed", failure.fields)
        _ = try await client.reportRestoreError(failure)
        return nil
    }
    return function
}

extension RuntimeEnvironment {
    /// True if SnapStart takes a snapshot of this process after its init.
    fileprivate var isSnapshot: Bool { initializationType == "snap-start" }
}

extension HandlerError {
    fileprivate var fields: [String: LogValue] {
        ["errorType": .string(type), "errorMessage": .string(message)]
    }

    static func unknownHandler(_ name: String, known: [String]) -> HandlerError {
        let names = known.sorted().joined(separator: ", ")
        let problem = name.isEmpty ? "_HANDLER is not set" : "Unknown function \"\(name)\""
        return HandlerError(
            type: "Runtime.UnknownHandler", message: "\(problem); this program has: \(names).")
    }
}
