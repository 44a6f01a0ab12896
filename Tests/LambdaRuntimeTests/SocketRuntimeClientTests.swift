import TestSupport
import Testing

@testable import LambdaRuntime

@Suite(.timeLimit(.minutes(1))) struct `Socket client` {
    private func client(_ server: ScriptedServer) throws -> SocketRuntimeClient {
        let retries = RetryDelays(
            attemptCountMax: 3, first: .milliseconds(1), delayMax: .milliseconds(1))
        return try SocketRuntimeClient(runtimeAPI: server.api, retries: retries)
    }

    private static let nextHead =
        "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: "

    @Test func `next and its response share one connection and have Lambda's headers`()
        async throws
    {
        let headers =
            "Lambda-Runtime-Trace-Id: Root=1\r\nLambda-Runtime-Client-Context: {}\r\n"
            + "Lambda-Runtime-Invoked-Function-Arn: arn:f\r\nLambda-Runtime-Aws-Tenant-Id: t\r\n"
            + "Lambda-Runtime-Cognito-Identity: {\"a\":1}\r\n"
        let server = ScriptedServer([
            [
                .request, .send(Answer.event("r-1", "{\"a\":1}", headers: headers)),
                .request, .send(Answer.status(202)),
                .request, .send(Answer.event("r-2")),
            ]
        ])
        let client = try client(server)

        let first = try await client.next()
        let posted = try await client.respond(Array("[1]".utf8), requestID: first.requestID)
        let second = try await client.next()

        #expect(
            first
                == Invocation(
                    requestID: "r-1", deadline: 1_700_000_000_000,
                    invokedFunctionARN: "arn:f", traceID: "Root=1", clientContext: "{}",
                    cognitoIdentity: "{\"a\":1}", tenantID: "t", event: Array("{\"a\":1}".utf8)))
        #expect(posted == .accepted)
        #expect(second.requestID == "r-2")
        let host = "Host: \(server.api)\r\nUser-Agent: spool\r\n"
        #expect(
            server.requests == [
                "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\(host)\r\n",
                "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\n\(host)"
                    + "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]",
                "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\(host)\r\n",
            ])
    }

    @Test func `an event in pieces and chunks is read as one event`() async throws {
        let server = ScriptedServer([
            [
                .request,
                .sendPieces([
                    "HTTP/1.1 200 O", "K\r", "\nLambda-Runtime-Aws-Request-Id: r\r\nTransfer-",
                    "Encoding: chunked\r\n\r\n3\r\n[1", ",\r\n2", "\r\n2]\r\n0\r", "\n\r\n",
                ]),
            ]
        ])

        let invocation = try await client(server).next()

        #expect(invocation.event == Array("[1,2]".utf8))
    }

    @Test func `a stale connection is replaced and no event is lost`() async throws {
        let server = ScriptedServer([
            [.request, .send(Answer.event("r-1"))],
            [.request, .send(Answer.status(202))],
            [.request, .send(Answer.event("r-2"))],
        ])
        let client = try client(server)

        _ = try await client.next()
        let posted = try await client.respond([0x31], requestID: "r-1")
        let second = try await client.next()

        #expect(posted == .accepted)
        #expect(second.requestID == "r-2")
        #expect(server.requests.map { $0.prefix(4) } == ["GET ", "POST", "GET "])
    }

    @Test(
        arguments: [
            [.request, .send("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: cut\r\n")],
            [.request, .send(String(Answer.event("cut", "{\"a\":1}").dropLast()))],
            [.request, .send(String(Answer.event("cut", "{\"a\":1}").dropLast())), .reset],
            [.request, .reset],
            [.bytes(5), .reset],
            [.request, .send("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: cut\r\n\r\n{}")],
            [.request, .send(Answer.event("cut", headers: "Content-Length: 9\r\n"))],
            [.request, .send(Answer.event("cut/../x"))],
            [.request, .send(Answer.event("cut") + "more")],
            [.request, .send(Answer.status(204))],
            [.request, .send(Answer.status(403))],
            [.request, .send(Answer.status(503))],
        ] as [[ScriptedServer.Step]])
    func `a failed next is repeated and no truncated event is returned`(
        steps: [ScriptedServer.Step]
    ) async throws {
        let server = ScriptedServer([
            steps + [.reset], [.request, .send(Answer.event("r-whole"))],
        ])

        let invocation = try await client(server).next()

        #expect(invocation.requestID == "r-whole")
    }

    @Test func `next ends with the last failure after its attempts`() async throws {
        let server = ScriptedServer(
            Array(repeating: [.request, .send("HTTP/1.1 200 OK\r\n")], count: 3))
        let client = try client(server)

        let error = await #expect(throws: RuntimeClientError.self) { try await client.next() }

        #expect(
            error?.description
                == "The Runtime API call GET /2018-06-01/runtime/invocation/next failed "
                + "(unreachable): the connection was closed inside the response.")
    }

    @Test func `a port without a listener is unreachable after a bounded number of attempts`()
        async throws
    {
        let retries = RetryDelays(
            attemptCountMax: 2, first: .milliseconds(1), delayMax: .milliseconds(1))
        let client = try SocketRuntimeClient(runtimeAPI: "127.0.0.1:1", retries: retries)

        let error = await #expect(throws: RuntimeClientError.self) { try await client.next() }

        #expect(error?.code == .unreachable)
        #expect(error?.detail == "connect: Connection refused")
    }

    @Test(arguments: [400, 403, 410, 413])
    func `a refused response is an outcome`(status: Int) async throws {
        let server = ScriptedServer([[.request, .send(Answer.status(status))]])

        let posted = try await client(server).respond([], requestID: "r")

        #expect(posted == .refused(status: status))
    }

    @Test func `a large response that is refused early counts as refused`() async throws {
        let server = ScriptedServer([
            [.bytes(1000), .send(Answer.status(413, "Connection: close\r\n"))],
            [.bytes(1000), .send(Answer.status(413, "Connection: close\r\n"))],
            [.bytes(1000), .send(Answer.status(413, "Connection: close\r\n"))],
        ])
        let body = [UInt8](repeating: 0x20, count: 12 << 20)

        let posted = try await client(server).respond(body, requestID: "r")

        // The server's reset may overtake its response; both are survivable.
        #expect(posted != .accepted)
    }

    @Test func `a 500 is a container error`() async throws {
        let server = ScriptedServer([
            [.request, .send(Answer.status(500)), .request, .send(Answer.status(500))]
        ])
        let client = try client(server)

        let posting = await #expect(throws: RuntimeClientError.self) {
            try await client.respond([], requestID: "r")
        }
        let asking = await #expect(throws: RuntimeClientError.self) { try await client.next() }

        #expect(posting?.code == .containerError)
        #expect(asking?.code == .containerError)
    }

    @Test func `a response that cannot be delivered is lost, not fatal`() async throws {
        let server = ScriptedServer(Array(repeating: [.request, .reset], count: 3))

        let posted = try await client(server).respond([], requestID: "r")

        #expect(posted == .lost(detail: "recv: Connection reset by peer"))
    }

    @Test func `an error report has a type header and escaped JSON`() async throws {
        let server = ScriptedServer([
            [.request, .send(Answer.status(202)), .request, .send(Answer.status(202))]
        ])
        let client = try client(server)
        let error = HandlerError(type: "Function.Broken", message: "a \"b\"\n\u{1}")

        _ = try await client.reportError(error, requestID: "r")
        _ = try await client.reportInitError(error)

        let body =
            #"{"errorMessage":"a \"b\"\n\u0001","errorType":"Function.Broken","stackTrace":[]}"#
        func request(_ path: String) -> String {
            "POST /2018-06-01/runtime/\(path) HTTP/1.1\r\nHost: \(server.api)\r\n"
                + "User-Agent: spool\r\nContent-Type: application/json\r\n"
                + "Lambda-Runtime-Function-Error-Type: Function.Broken\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        #expect(server.requests == [request("invocation/r/error"), request("init/error")])
    }

    @Test func `termination ends a waiting next`() async throws {
        let server = ScriptedServer([[.request, .request]])
        let client = try client(server)

        async let waiting = Result { try await client.next() }
        try await eventually("the first request") { !server.requests.isEmpty }
        client.terminate()

        let ended = await waiting
        #expect(throws: RuntimeClientError.self) { try ended.get() }
        let later = await #expect(throws: RuntimeClientError.self) { try await client.next() }
        #expect(later?.code == .terminated)
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
