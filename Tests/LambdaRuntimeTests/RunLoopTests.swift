@testable import LambdaRuntime
import Logging
import Synchronization
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1))) struct `Run loop` {
    /// A platform that delivers given events and records the results.
    actor Platform: RuntimeClient {
        enum Record: Equatable {
            case response(String, id: String)
            case error(HandlerError, id: String)
            case initError(HandlerError)
            case stream(String, id: String, failure: HandlerError?)
            case restoreError(HandlerError)
            case restored
        }

        private var events: [Invocation]
        private let outcome: ReportOutcome
        private(set) var records: [Record] = []

        init(_ events: [Invocation], outcome: ReportOutcome = .accepted) {
            self.events = events
            self.outcome = outcome
        }

        func next() async throws(RuntimeClientError) -> Invocation {
            guard !events.isEmpty else {
                throw RuntimeClientError(.terminated, operation: "next", detail: "no more")
            }
            return events.removeFirst()
        }

        func respond(
            _ response: [UInt8], requestID: String
        ) async throws(RuntimeClientError) -> ReportOutcome {
            records.append(.response(String(decoding: response, as: UTF8.self), id: requestID))
            return outcome
        }

        func respond(
            streaming response: StreamedResponse, requestID: String
        ) async throws(RuntimeClientError) -> StreamOutcome {
            let writer = `Streamed response`.Collector()
            var failure: HandlerError?
            do {
                try await response.body(writer)
            } catch {
                failure = HandlerError(reporting: error)
            }
            let text = String(decoding: await writer.bytes, as: UTF8.self)
            records.append(.stream(text, id: requestID, failure: failure))
            return StreamOutcome(outcome, failure: failure, bytes: text.utf8.count)
        }

        func waitForRestore() async throws(RuntimeClientError) { records.append(.restored) }

        func reportRestoreError(
            _ error: HandlerError
        ) async throws(RuntimeClientError) -> ReportOutcome {
            records.append(.restoreError(error))
            return outcome
        }

        func reportError(
            _ error: HandlerError, requestID: String
        ) async throws(RuntimeClientError) -> ReportOutcome {
            records.append(.error(error, id: requestID))
            return outcome
        }

        func reportInitError(
            _ error: HandlerError
        ) async throws(RuntimeClientError) -> ReportOutcome {
            records.append(.initError(error))
            return outcome
        }
    }

    private let environment: RuntimeEnvironment
    private let lines = LogLines()
    private var logger: Logger { Logger(sink: { [lines] in lines.append($0) }, clock: { 0 }) }

    init() throws {
        environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "echo",
            "AWS_LAMBDA_FUNCTION_NAME": "echo-1",
        ])
    }

    private func event(_ id: String, _ text: String, traceID: String? = nil) -> Invocation {
        Invocation(
            requestID: id, deadline: 5000, traceID: traceID, event: Array(text.utf8))
    }

    private static let echo: FunctionFactory = { _, _ in
        LoadedFunction(whole: { bytes, _ in bytes })
    }

    /// Records each invocation's trace ID.
    final class Observer: InvocationObserver {
        let notes = Mutex<[String]>([])
        func invocationBegins(_ invocation: Invocation) {
            notes.withLock { $0.append("begin \(invocation.traceID ?? "without trace")") }
        }
    }

    private func run(
        _ platform: Platform, observer: Observer = Observer(), _ handler: @escaping RawHandler
    ) async {
        let error = await #expect(throws: RuntimeClientError.self) {
            try await runLoop(
                client: platform, environment: environment, logger: logger,
                observer: observer
            ) { .whole(try await handler($0, $1)) }
        }
        #expect(error?.code == .terminated)
    }

    @Test func `events are served in turn, and a thrown error ends one invocation only`() async {
        let platform = Platform([event("r1", "1"), event("r2", "bad"), event("r3", "3")])

        await run(platform) { bytes, _ in
            guard bytes != Array("bad".utf8) else {
                throw HandlerError(type: "Function.Bad", message: "It is bad.")
            }
            return bytes + bytes
        }

        let records = await platform.records
        #expect(
            records == [
                .response("11", id: "r1"),
                .error(HandlerError(type: "Function.Bad", message: "It is bad."), id: "r2"),
                .response("33", id: "r3"),
            ])
    }

    @Test func `the context has the headers of the event`() async {
        let platform = Platform([
            Invocation(
                requestID: "r1", deadline: 5000, invokedFunctionARN: "arn:f",
                traceID: "Root=1", tenantID: "t", event: [])
        ])

        await run(platform) { _, context in
            #expect(context.requestID == "r1")
            #expect(context.functionName == "echo-1")
            #expect(context.invokedFunctionARN == "arn:f")
            #expect(context.traceID == "Root=1")
            #expect(context.tenantID == "t")
            #expect(context.remaining(now: 1_500) == .milliseconds(3_500))
            #expect(context.remaining(now: 9_000) == .zero)
            return []
        }
    }

    @Test func `the observer receives each invocation with its trace ID or none`() async {
        let observer = Observer()
        let platform = Platform([event("r1", "1", traceID: "Root=1"), event("r2", "2")])

        await run(platform, observer: observer) { bytes, _ in bytes }

        let notes = observer.notes.withLock { $0 }
        #expect(notes == ["begin Root=1", "begin without trace"])
    }

    @Test func `each invocation is one log line`() async {
        let platform = Platform([event("r1", "1"), event("r2", "22")])

        await run(platform) { bytes, _ in
            if bytes.count == 2 { throw CancellationError() }
            return bytes
        }

        let withoutTimes = lines.all.map { line in
            line.replacing(/"durationMs":[0-9.e-]+/, with: "\"durationMs\":0")
        }
        let start =
            #"{"timestamp":"1970-01-01T00:00:00.000Z","level":"INFO","#
            + #""message":"Invocation finished","#
        #expect(
            withoutTimes == [
                start + #""coldStart":true,"durationMs":0,"eventBytes":1,"function":"echo-1","#
                    + #""outcome":"success","requestId":"r1","responseBytes":1}"# + "\n",
                start + #""coldStart":false,"durationMs":0,"#
                    + #""errorMessage":"The invocation was cancelled.","#
                    + #""errorType":"Runtime.Cancelled","eventBytes":2,"function":"echo-1","#
                    + #""outcome":"error","requestId":"r2"}"# + "\n",
            ])
    }

    @Test func `a refused response is logged and the next event is served`() async {
        let platform = Platform(
            [event("r1", "1"), event("r2", "2")], outcome: .refused(status: 413))

        await run(platform) { bytes, _ in bytes }

        #expect(await platform.records.count == 2)
        #expect(lines.all.allSatisfy { $0.contains(#""outcome":"refused""#) })
        #expect(lines.all.allSatisfy { $0.contains(#""status":413"#) })
    }

    @Test func `an unknown handler is an init error that names the known ones`() async throws {
        let platform = Platform([])
        let environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "nope",
        ])
        let factories: [String: FunctionFactory] = [
            "b": Self.echo, "a": Self.echo,
        ]

        let function = try await load(platform, environment, factories, logger)

        #expect(function == nil)
        let error = HandlerError(
            type: "Runtime.UnknownHandler",
            message: "Unknown function \"nope\"; this program has: a, b.")
        #expect(await platform.records == [.initError(error)])
    }

    /// SnapStart: a failure before the snapshot is an init error, one in a restored environment a
    /// restore error; neither serves an event.
    @Test(arguments: [nil, "before", "after"] as [String?])
    func `snapshot hooks run before and after the snapshot`(failing: String?) async throws {
        let platform = Platform([])
        let environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "hooks",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        ])
        let failure = HandlerError(type: "Function.Hook", message: "It fails.")
        let ran = Mutex<[String]>([])
        let hooks: FunctionFactory = { _, _ in
            LoadedFunction(
                warmUp: { ran.withLock { $0.append("warm") } },
                beforeSnapshot: {
                    ran.withLock { $0.append("before") }
                    if failing == "before" { throw failure }
                },
                afterRestore: {
                    ran.withLock { $0.append("after") }
                    if failing == "after" { throw failure }
                }, handle: { bytes, _ in .whole(bytes) })
        }

        let function = try await load(platform, environment, ["hooks": hooks], logger)

        #expect((function == nil) == (failing != nil))
        let records = await platform.records
        switch failing {
        case "before":
            #expect(records == [.initError(failure)])
            #expect(ran.withLock { $0 } == ["warm", "before"])
        case "after":
            #expect(records == [.restored, .restoreError(failure)])
            #expect(ran.withLock { $0 } == ["warm", "before", "after"])
        default:
            #expect(records == [.restored])
            #expect(ran.withLock { $0 } == ["warm", "before", "after"])
        }
    }

    @Test func `an error of a factory is the init error`() async throws {
        let platform = Platform([])
        let environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "broken",
        ])
        let failure = HandlerError(type: "Function.InitFailed", message: "It cannot start.")

        let function = try await load(
            platform, environment, ["broken": { _, _ in throw failure }], logger)

        #expect(function == nil)
        #expect(await platform.records == [.initError(failure)])
    }

    @Test func `the loop works over a real connection on the client's own thread`() async throws {
        let server = ScriptedServer([
            [
                .request, .send(Answer.event("r1", "{\"a\":1}")),
                .request, .send(Answer.status(413)),
                .request, .send(Answer.event("r2", "{\"throw\":\"x\"}")),
                .request, .send(Answer.status(202)),
                .request, .send(Answer.status(500)),
            ]
        ])
        var variables = environment.variables
        variables["AWS_LAMBDA_RUNTIME_API"] = server.api
        let environment = try RuntimeEnvironment(variables)
        let client = try SocketRuntimeClient(environment: environment)
        let failure = HandlerError(type: "Function.Expected", message: "x")

        let error = await #expect(throws: RuntimeClientError.self) {
            try await client.run(
                environment: environment, logger: logger, observer: Observer(),
                handler: { bytes, _ in
                    if bytes.count > 10 { throw failure }
                    return .whole(bytes)
                })
        }

        #expect(error?.code == .containerError)
        #expect(
            server.requests.map { $0.split(separator: " ")[1].split(separator: "/").last } == [
                "next", "response", "next", "error", "next",
            ])
    }
}
