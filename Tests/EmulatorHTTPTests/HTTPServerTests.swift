import EmulatorHTTP
import Glibc
import Synchronization
import TestSupport
import Testing

/// Responds with the request; some paths behave differently.
private final class EchoHandler: HTTPHandler {
    /// Requests of `/wait` that have reached the handler, and those that were cancelled.
    let waiting = Mutex(0)
    let cancelled = Mutex(0)

    func plan(for head: RequestHead) async -> BodyPlan {
        switch head.path {
        case "/refused": .refuse(Response(status: 403, body: .bytes(Array("no".utf8))))
        case "/small": .collect(bytesMax: 4)
        case "/consumed": .consume(ByteCounter())
        default: .collect(bytesMax: 1 << 20)
        }
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        switch head.path {
        case "/wait":
            waiting.withLock { $0 += 1 }
            try? await Task.sleep(for: .seconds(600))
            cancelled.withLock { $0 += 1 }
            return Response(status: 200)
        case "/endless": return Response(status: 200, body: .stream(Endless()))
        case "/stream": return Response(status: 200, body: .stream(Counting()))
        case "/omitted": return Response(status: 200, body: .omitted(bytes: 12_345))
        case "/file":
            guard let file = FileDescriptor(readingFile: "/usr/include/microhttpd.h") else {
                return Response(status: 500)
            }
            return Response(status: 200, body: .file(file, offset: 5, bytes: 16))
        default: return Response(status: 200, body: .bytes(Array(text(head, body).utf8)))
        }
    }

    private func text(_ head: RequestHead, _ body: ReceivedBody) -> String {
        let end =
            switch body {
            case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
            case .consumed(let consumer): "consumed \((consumer as? ByteCounter)?.count ?? -1)"
            case .tooLarge: "too large"
            }
        return "\(head.method) \(head.path) \(head.query ?? "-") \(end)"
    }
}

private final class ByteCounter: BodyConsumer {
    private let counter = Mutex(0)
    var count: Int { counter.withLock { $0 } }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        counter.withLock { $0 += bytes.count }
        return true
    }
}

private final class Counting: ResponseByteStream {
    private let number = Mutex(0)

    func next() async throws -> [UInt8]? {
        await Task.yield()
        let value = number.withLock { number in
            number += 1
            return number
        }
        return value > 3 ? nil : Array("\(value)".utf8)
    }
}

/// Never returns and ignores cancellation.
private struct Endless: ResponseByteStream {
    func next() async throws -> [UInt8]? {
        await withUnsafeContinuation { (_: UnsafeContinuation<[UInt8]?, Never>) in }
    }
}

private func withServer(
    _ body: (Int, HTTPServer, EchoHandler) async throws -> Void
) async throws {
    let handler = EchoHandler()
    let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: handler)
    let port = try server.start()
    try await body(port, server, handler)
    await server.stop(grace: .seconds(1))
}

@Suite(.timeLimit(.minutes(2))) struct HTTPServerTests {
    @Test func `path and query arrive unchanged`() async throws {
        try await withServer { port, _, _ in
            let response = await RawConnection.exchange(
                "GET /a%2Fb//c?x=%20&y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port
            )

            #expect(response.statusLine == "HTTP/1.1 200 OK")
            #expect(response.messageBody == "GET /a%2Fb//c x=%20&y ")
        }
    }

    @Test func `requests share a connection`() async throws {
        try await withServer { port, _, _ in
            let connection = RawConnection(port: port)
            for path in ["x", "refused"] {
                await connection.send("GET /\(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                let head = await connection.read(through: "\r\n\r\n")
                #expect(!head.contains("Connection: close"))
                _ = await connection.read(through: path == "x" ? "GET /x - " : "no")
            }
            await connection.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
            let first = await connection.read(through: "ab")
            await connection.send(
                "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                    + "Connection: close\r\n\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n")
            let second = await connection.readToEnd()

            #expect(first.messageBody == "POST /1 - ab")
            #expect(second.messageBody == "POST /2 - cde")
        }
    }

    @Test func `a body beyond the plan's limit arrives as too large`() async throws {
        try await withServer { port, _, _ in
            let response = await RawConnection.exchange(
                "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
                    + "abcde", port: port)

            #expect(response.messageBody == "POST /small - too large")
        }
    }

    @Test func `a consumer gets every byte`() async throws {
        try await withServer { port, _, _ in
            let connection = RawConnection(port: port)
            await connection.send(
                "PUT /consumed HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n"
                    + "Connection: close\r\n\r\n")
            await connection.send([UInt8](repeating: 7, count: 1_000_000))

            #expect(await connection.readToEnd().messageBody == "PUT /consumed - consumed 1000000")
        }
    }

    @Test func `100-continue is sent only after the plan accepts the body`() async throws {
        try await withServer { port, _, _ in
            let refused = await RawConnection.exchange(
                "PUT /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n"
                    + "Expect: 100-continue\r\n\r\n", port: port)
            let agreed = RawConnection(port: port)
            await agreed.send(
                "PUT /yes HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n"
                    + "Expect: 100-continue\r\n\r\n")
            let interim = await agreed.read(through: "\r\n\r\n")
            await agreed.send("ok")

            #expect(refused.statusLine == "HTTP/1.1 403 Forbidden")
            #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(await agreed.readToEnd().messageBody == "PUT /yes - ok")
        }
    }

    @Test func `HEAD responds with the length and without a body`() async throws {
        try await withServer { port, _, _ in
            for (path, length) in [("/omitted", 12_345), ("/file", 16), ("/x", 10)] {
                let response = await RawConnection.exchange(
                    "HEAD \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port)

                #expect(response.contains("Content-Length: \(length)\r\n"))
                #expect(response.messageBody == "")
            }
        }
    }

    @Test func `a part of a file and a stream are sent completely`() async throws {
        try await withServer { port, _, _ in
            let file = await RawConnection.exchange(
                "GET /file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port)
            let stream = await RawConnection.exchange(
                "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port)

            #expect(file.messageBody.utf8.count == 16)
            #expect(stream.messageBody == "1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n0\r\n\r\n")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\u{1} HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `a request with ambiguous framing or a malformed head is refused`(
        request: String
    ) async throws {
        try await withServer { port, _, _ in
            let response = await RawConnection.exchange(request, port: port)

            #expect(["HTTP/1.1 400 Bad Request", ""].contains(response.statusLine))
        }
    }

    @Test func `a client that disconnects cancels the handler`() async throws {
        try await withServer { port, _, handler in
            let connection = RawConnection(port: port)
            await connection.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            try await eventually("the handler's start") { handler.waiting.withLock { $0 } == 1 }
            #expect(handler.cancelled.withLock { $0 } == 0)
            connection.close()

            try await eventually("the handler's cancellation") {
                handler.cancelled.withLock { $0 } == 1
            }
        }
    }

    @Test func `stop ends requests that wait and frees the port`() async throws {
        // A separate address, so that no other test takes the port.
        let host = "127.0.0.77"
        let handler = EchoHandler()
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(host: host), handler: handler)
        let port = try server.start()
        let connection = RawConnection(host: host, port: port)
        await connection.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        try await eventually("the handler's start") { handler.waiting.withLock { $0 } == 1 }

        await server.stop(grace: .zero)

        #expect(handler.cancelled.withLock { $0 } == 1)
        let again = HTTPServer(
            configuration: HTTPServerConfiguration(host: host, port: port), handler: handler)
        // A child that another test forks holds the socket until it executes its program.
        try await eventually("the port to be free") { (try? again.start()) == port }
        await again.stop(grace: .zero)
    }

    @Test func `a draining server refuses new requests and ends the running one`() async throws {
        let handler = EchoHandler()
        let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: handler)
        let port = try server.start()
        let running = RawConnection(port: port)
        await running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
        try await eventually("the handler's start") { handler.waiting.withLock { $0 } == 1 }

        async let stopped: Void = server.stop(grace: .milliseconds(400))
        var statusLine = ""
        try await eventually("a refusal") {
            let response = await RawConnection.exchange(
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port)
            statusLine = response.statusLine
            return statusLine != "HTTP/1.1 200 OK"
        }
        await stopped

        #expect(["HTTP/1.1 503 Service Unavailable", ""].contains(statusLine))
        #expect(handler.cancelled.withLock { $0 } == 1)
    }

    @Test func `many servers start and stop under load`() async throws {
        for _ in 0..<20 {
            let server = HTTPServer(
                configuration: HTTPServerConfiguration(), handler: EchoHandler())
            let port = try server.start()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        _ = await RawConnection.exchange(
                            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: port)
                    }
                }
                group.addTask { await server.stop(grace: .milliseconds(200)) }
            }
            #expect(server.counters.activeRequests == 0)
        }
    }

    @Test func `stop abandons a response that ignores cancellation`() async throws {
        let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: EchoHandler())
        let connection = RawConnection(port: try server.start())
        await connection.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = await connection.read(through: "\r\n\r\n")

        await server.stop(grace: .zero)

        #expect(await connection.readToEnd() == "")
    }

    @Test func `counters include every byte of a request and its response`() async throws {
        try await withServer { port, server, _ in
            let request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            let response = await RawConnection.exchange(request, port: port)
            // The last byte is sent before the request counts as ended.
            try await eventually("the end of the request") {
                server.counters.sentBytes >= response.utf8.count
                    && server.counters.activeRequests == 0
            }

            #expect(
                server.counters
                    == HTTPTraffic(
                        requests: 1, receivedBytes: request.utf8.count,
                        sentBytes: response.utf8.count, activeRequests: 0))
        }
    }
}
