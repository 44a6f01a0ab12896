import Glibc
package import JSONLog

/// Makes a function's handler, once, before its first invocation: only the
/// function at hand is ever initialised. What it throws is the init error.
package typealias HandlerFactory =
    @Sendable (RuntimeEnvironment, Logger) async throws -> RawHandler

/// Is the function that `_HANDLER` names, until the process is told to end.
///
/// To be called once. SIGTERM ends it: the handler's task is cancelled, and the
/// process is gone within 500 ms. SIGPIPE is ignored from here on.
///
/// - Parameters:
///   - environment: The process's variables.
///   - handlers: By the names that `_HANDLER` may have.
///   - logger: Nil for one that writes to standard error as
///     `AWS_LAMBDA_LOG_LEVEL` says.
/// - Returns: The process's exit status: 0 after SIGTERM, else 1.
package func serve(
    environment variables: [String: String], handlers: [String: HandlerFactory],
    logger: Logger? = nil
) async -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let termination = Termination()
    let environment: RuntimeEnvironment
    let client: SocketRuntimeClient
    do {
        environment = try RuntimeEnvironment(variables)
        client = try SocketRuntimeClient(environment: environment)
    } catch {
        (logger ?? Logger()).error(
            "the environment is not Lambda's", ["detail": .string("\(error)")])
        return 1
    }
    let logger = logger ?? Logger(level: environment.logLevel)
    return await withTaskGroup(of: Int32?.self) { group in
        group.addTask {
            await serveLoop(client, environment, handlers, logger)
        }
        group.addTask {
            await termination.wait()
            return nil
        }
        var status: Int32 = 1
        for await end in group {
            // Whichever ends first ends the other: SIGTERM cancels the handler.
            client.terminate()
            group.cancelAll()
            if let end { status = end }
        }
        return status
    }
}

private func serveLoop(
    _ client: SocketRuntimeClient, _ environment: RuntimeEnvironment,
    _ handlers: [String: HandlerFactory], _ logger: Logger
) async -> Int32 {
    do {
        let handler = try await initialise(client, environment, handlers, logger)
        guard let handler else { return 1 }
        try await client.run(
            environment: environment, logger: logger, setTraceID: setTraceVariable,
            handler: handler)
        return 1
    } catch {
        if error.code == .terminated { return 0 }
        logger.error("the runtime cannot go on", ["detail": .string(error.description)])
        return 1
    }
}

/// - Returns: nil when the function cannot start; the platform has been told.
func initialise(
    _ client: some RuntimeClient, _ environment: RuntimeEnvironment,
    _ handlers: [String: HandlerFactory], _ logger: Logger
) async throws(RuntimeClientError) -> RawHandler? {
    let failure: HandlerError
    do {
        guard let factory = handlers[environment.handlerName] else {
            throw HandlerError.unknownHandler(environment.handlerName, known: Array(handlers.keys))
        }
        return try await factory(environment, logger)
    } catch {
        failure = HandlerError(reporting: error)
    }
    let fields: [String: LogValue] = [
        "errorType": .string(failure.type), "errorMessage": .string(failure.message),
    ]
    logger.error("the function cannot start", fields)
    _ = try await client.reportInitError(failure)
    return nil
}

extension HandlerError {
    static func unknownHandler(_ name: String, known: [String]) -> HandlerError {
        let names = known.sorted().joined(separator: ", ")
        let problem = name.isEmpty ? "_HANDLER is not set" : "There is no function \"\(name)\""
        return HandlerError(
            type: "Runtime.UnknownHandler", message: "\(problem); this program has: \(names).")
    }
}

/// For X-Ray, which looks for it in the environment. Called between
/// invocations only, when no handler reads the environment.
private let setTraceVariable: @Sendable (String?) -> Void = { traceID in
    if let traceID {
        setenv("_X_AMZN_TRACE_ID", traceID, 1)
    } else {
        unsetenv("_X_AMZN_TRACE_ID")
    }
}
