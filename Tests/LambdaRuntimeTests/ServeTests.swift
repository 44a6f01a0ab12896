import Foundation
import LambdaRuntime
import Logging
import Testing
import TestSupport

/// Each test is a separate process, because signals and exit statuses are tested.
@Suite(.timeLimit(.minutes(1))) struct `Served process` {
    /// Time at which SIGTERM is sent.
    private enum Termination {
        case never
        /// After the first `next` has reached the API.
        case idle
        /// After the handler has begun.
        case busy
    }

    /// Serves `handler` and sends SIGTERM.
    private static func serve(
        _ server: ScriptedServer, _ termination: Termination,
        handler: @escaping RawHandler = { bytes, _ in bytes }
    ) async -> Int32 {
        if termination == .idle {
            Thread.detachNewThread {
                // At most 30 s: without a request, SIGTERM ends the wait of the test.
                for _ in 0..<30_000 where server.requests.isEmpty { usleep(1_000) }
                kill(getpid(), SIGTERM)
            }
        }
        let handler: RawHandler = { bytes, context in
            if termination == .busy { kill(getpid(), SIGTERM) }
            return try await handler(bytes, context)
        }
        return await LambdaRuntime.serve(
            environment: ["AWS_LAMBDA_RUNTIME_API": server.api, "_HANDLER": "f"],
            functions: ["f": { _, _ in LoadedFunction(whole: handler) }], logger: Logger { _ in })
    }

    @Test func `SIGTERM ends an idle process with status 0`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = ScriptedServer([[.request, .request]])
            exit(await Self.serve(server, .idle))
        }
    }

    @Test func `SIGTERM cancels the handler, whose end is still reported`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = ScriptedServer([
                [.request, .send(Answer.event("r")), .request, .send(Answer.status(202))]
            ])
            let status = await Self.serve(server, .busy) { bytes, _ in
                try await Task.sleep(for: .seconds(600))
                return bytes
            }
            let isReported = server.requests.last?.contains("Runtime.Cancelled") == true
            exit(isReported ? status : 99)
        }
    }

    @Test func `a handler that does not stop does not delay the end of the process`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let server = ScriptedServer([[.request, .send(Answer.event("r")), .request]])
            let status = await Self.serve(server, .busy) { bytes, _ in
                while true { usleep(100_000) }
            }
            exit(status + 99)
        }
    }

    @Test func `a 500 from the API is a failure`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let server = ScriptedServer([[.request, .send(Answer.status(500))]])
            exit(await Self.serve(server, .never))
        }
    }

    @Test func `an unknown handler is reported and is a failure`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let server = ScriptedServer([[.request, .send(Answer.status(202))]])
            let status = await LambdaRuntime.serve(
                environment: ["AWS_LAMBDA_RUNTIME_API": server.api, "_HANDLER": "g"],
                functions: [:], logger: Logger { _ in })
            let isReported =
                server.requests
                == server.requests.filter {
                    $0.hasPrefix("POST /2018-06-01/runtime/init/error ")
                        && $0.contains(
                            "Lambda-Runtime-Function-Error-Type: Runtime.UnknownHandler\r\n")
                }
            exit(isReported && server.requests.count == 1 ? status : 99)
        }
    }

    @Test func `no Runtime API in the environment is a failure`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            exit(
                await LambdaRuntime.serve(
                    environment: [:], functions: [:], logger: Logger { _ in }))
        }
    }

    @Test func `the trace ID is in the environment while its handler runs`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let headers = "Lambda-Runtime-Trace-Id: Root=1\r\n"
            let server = ScriptedServer([
                [
                    .request, .send(Answer.event("r1", headers: headers)),
                    .request, .send(Answer.status(202)),
                    .request, .send(Answer.event("r2")),
                    .request, .send(Answer.status(202)),
                    .request, .send(Answer.status(500)),
                ]
            ])
            let status = await Self.serve(server, .never) { _, _ in
                let value = getenv("_X_AMZN_TRACE_ID").map { String(cString: $0) }
                return Array((value ?? "none").utf8)
            }
            let answers = server.requests.filter { $0.hasPrefix("POST") }
                .map { $0.components(separatedBy: "\r\n\r\n").last }
            exit(answers == ["Root=1", "none"] ? status : 99)
        }
    }
}
