import CLambdaProcess
import Glibc
package import JSONLog
import Threads

/// Makes a function, once, before its first invocation: only the function at
/// hand is ever initialised. What it throws is the init error.
package typealias FunctionFactory =
    @Sendable (RuntimeEnvironment, Logger) async throws -> LoadedFunction

/// Is the function that `_HANDLER` names, until the process is told to end.
///
/// To be called once. SIGTERM ends it: the handler's task is cancelled, and the
/// process is gone within 500 ms. SIGPIPE is ignored from here on, and a death
/// by a signal is reported.
///
/// - Parameters:
///   - environment: The process's variables.
///   - functions: By the names that `_HANDLER` may have.
///   - logger: Nil for one that writes to standard error as
///     `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT` say.
/// - Returns: The process's exit status: 0 after SIGTERM, else 1.
package func serve(
    environment variables: [String: String], functions: [String: FunctionFactory],
    logger: Logger? = nil
) async -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    spool_keep_freed_memory()
    let termination = watchTermination()
    let process: ServedProcess
    do {
        let environment = try RuntimeEnvironment(variables)
        let output = CrashReporter.install(try RuntimeEndpoint(environment.runtimeAPI))
        let logger =
            logger
            ?? Logger(
                level: environment.logLevel, format: environment.logFormat,
                sink: Logger.descriptor(output))
        process = try ServedProcess(environment, logger)
    } catch {
        (logger ?? Logger()).error(
            "the environment is not Lambda's", ["detail": .string("\(error)")])
        return 1
    }
    defer { CrashReporter.flush() }
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
            // Whichever ends first ends the other: SIGTERM cancels the handlers.
            process.terminate()
            group.cancelAll()
            if let end { status = end }
        }
        return status
    }
}

/// One function in one process: a client and a loop for each event that the
/// platform may hand out at the same time.
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
                logger.warning("there will be no SIGTERM", ["detail": .string(detail)])
            }
            let function = try await load(clients[0], environment, functions, logger)
            CrashReporter.initIsOver()
            guard let function else { return 1 }
            return await serve(function)
        } catch {
            return status(after: error)
        }
    }

    private func serve(_ function: LoadedFunction) async -> Int32 {
        await withTaskGroup(of: Int32.self) { group in
            for (slot, client) in clients.enumerated() {
                group.addTask { await serve(function, client, slot) }
            }
            // The first loop that ends takes the others with it.
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
        _ function: LoadedFunction, _ client: SocketRuntimeClient, _ slot: Int
    ) async -> Int32 {
        do {
            try await client.run(
                environment: environment, logger: logger,
                observer: ProcessObserver(slot: slot, setsTraceVariable: clients.count == 1),
                warmUp: slot == 0 && !environment.isSnapshot ? function.warmUp : nil,
                handler: function.handle)
            return 1
        } catch {
            return status(after: error)
        }
    }

    private func status(after error: RuntimeClientError) -> Int32 {
        if error.code == .terminated { return 0 }
        logger.error("the runtime cannot go on", ["detail": .string(error.description)])
        return 1
    }
}

/// Makes the function, and takes it through a snapshot where the platform
/// takes one.
/// - Returns: nil when the function cannot start; the platform has been told.
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
            // What a snapshot holds costs nothing later.
            function.warmUp?()
            try await function.beforeSnapshot()
        }
    } catch {
        let failure = HandlerError(reporting: error)
        logger.error("the function cannot start", failure.fields)
        _ = try await client.reportInitError(failure)
        return nil
    }
    guard environment.isSnapshot else { return function }
    try await client.waitForRestore()
    do {
        try await function.afterRestore()
    } catch {
        let failure = HandlerError(reporting: error)
        logger.error("the function cannot be restored", failure.fields)
        _ = try await client.reportRestoreError(failure)
        return nil
    }
    return function
}

extension RuntimeEnvironment {
    /// Whether SnapStart takes a snapshot of this process after its init.
    fileprivate var isSnapshot: Bool { initializationType == "snap-start" }
}

extension HandlerError {
    fileprivate var fields: [String: LogValue] {
        ["errorType": .string(type), "errorMessage": .string(message)]
    }

    static func unknownHandler(_ name: String, known: [String]) -> HandlerError {
        let names = known.sorted().joined(separator: ", ")
        let problem = name.isEmpty ? "_HANDLER is not set" : "There is no function \"\(name)\""
        return HandlerError(
            type: "Runtime.UnknownHandler", message: "\(problem); this program has: \(names).")
    }
}
