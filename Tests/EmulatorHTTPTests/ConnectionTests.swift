import EmulatorHTTP
import Synchronization
import TestSupport
import Testing

/// Responds at once, and on `/wait` when the gate opens.
private final class GatedHandler: HTTPHandler {
    let waiting = Mutex(0)
    let isOpen = Mutex(false)

    func plan(for head: RequestHead) async -> BodyPlan { .collect(bytesMax: 1 << 20) }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        if head.path == "/wait" {
            waiting.withLock { $0 += 1 }
            while !isOpen.withLock({ $0 }), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        return Response(status: 200, body: .bytes(Array(head.path.utf8)))
    }
}

private func withServer(
    _ configuration: HTTPServerConfiguration,
    _ body: (Int, GatedHandler) async throws -> Void
) async throws {
    let handler = GatedHandler()
    let server = HTTPServer(configuration: configuration, handler: handler)
    let port = try server.start()
    try await body(port, handler)
    handler.isOpen.withLock { $0 = true }
    await server.stop(grace: .seconds(1))
}

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    @Test func `a head that does not arrive ends its connection`() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.headTimeMax = .milliseconds(500)
        try await withServer(configuration) { port, _ in
            let slow = RawConnection(port: port)
            await slow.send("GET /a HTTP/1.1\r\nHos")

            #expect(await slow.readToEnd() == "")
            #expect(await RawConnection.exchange(Self.get, port: port).messageBody == "/a")
        }
    }

    @Test func `an idle connection makes room for a new one`() async throws {
        try await withServer(
            HTTPServerConfiguration(threadCount: 1, connectionCountMax: 4)
        ) { port, _ in
            var held: [RawConnection] = []
            for number in 0..<40 {
                let connection = RawConnection(port: port)
                await connection.send(number % 2 == 0 ? "GET" : "")
                held.append(connection)
            }

            #expect(await RawConnection.exchange(Self.get, port: port).messageBody == "/a")
            #expect(held.count == 40)
        }
    }

    @Test func `a request beyond the busy connections gets 503 and Retry-After`() async throws {
        var configuration = HTTPServerConfiguration(connectionCountMax: 2)
        configuration.addressConnectionCountMax = 10
        try await withServer(configuration) { port, handler in
            let busy = (0..<2).map { _ in RawConnection(port: port) }
            for connection in busy {
                await connection.send("GET /wait HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            }
            try await eventually("two busy connections") { handler.waiting.withLock { $0 } == 2 }

            let refused = await RawConnection.exchange(Self.get, port: port)

            #expect(refused.statusLine == "HTTP/1.1 503 Service Unavailable")
            #expect(refused.contains("Retry-After: 1\r\n"))
            handler.isOpen.withLock { $0 = true }
            for connection in busy {
                #expect(await connection.readToEnd().messageBody == "/wait")
            }
            #expect(await RawConnection.exchange(Self.get, port: port).messageBody == "/a")
        }
    }

    @Test func `one address does not take every connection`() async throws {
        var configuration = HTTPServerConfiguration(connectionCountMax: 100)
        configuration.addressConnectionCountMax = 2
        try await withServer(configuration) { port, _ in
            let held = [RawConnection(port: port), RawConnection(port: port)]
            for connection in held { await connection.send("GET /a HT") }

            let response = await RawConnection.exchange(Self.get, port: port)

            #expect(response.messageBody == "/a")
            // The one that was idle for the longest time is closed.
            #expect(await held[0].readToEnd() == "")
        }
    }

    @Test(arguments: ["x", "-1", "+1", "1x", "99999999999999999999999", "0, 1"])
    func `a malformed length is answered with one head`(length: String) async throws {
        try await withServer(HTTPServerConfiguration()) { port, _ in
            let other = RawConnection(port: port)
            await other.send("POST /other HTTP/1.1\r\nHost: h\r\n")
            let response = await RawConnection.exchange(
                "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n", port: port)

            #expect(response.statusLine == "HTTP/1.1 400 Bad Request")
            #expect(!response.messageBody.contains("HTTP/1.1"))
            // A request on another connection is untouched.
            await other.send("Connection: close\r\nContent-Length: 0\r\n\r\n")
            #expect(await other.readToEnd().messageBody == "/other")
        }
    }
}

@Suite struct PageRulesTests {
    @Test(arguments: [
        ("http://localhost:5173", true), ("https://localhost", true),
        ("http://a.localhost:80", true), ("http://127.0.0.1:3000", true),
        ("http://[::1]:3000", true), ("https://evil.example", false), ("null", false),
        ("http://localhost.evil.example", false), ("http://127.0.0.1.evil.example", false),
        ("http://10.0.0.1", false), ("file://localhost", false), ("http://localhost@evil", false),
    ])
    func `pages of this machine alone are loopback`(origin: String, isAllowed: Bool) {
        #expect(PageOrigin.isAllowed(origin, by: [PageOrigin.loopback]) == isAllowed)
    }

    @Test(arguments: [
        ("https://*.example.org", "https://a.example.org", true),
        ("https://*.example.org", "https://example.org", false),
        ("https://a.example", "https://a.example", true),
        ("https://a.example", "http://a.example", false), ("*", "null", true),
    ])
    func `a pattern has one star`(pattern: String, origin: String, isAllowed: Bool) {
        #expect(PageOrigin.isAllowed(origin, by: [pattern]) == isAllowed)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", true), ("localhost:1", true), ("LOCALHOST", true), ("[::1]:80", true),
        ("203.0.113.5", true), ("spool.example", true), ("evil.example:8080", false),
        ("127.0.0.1.evil.example", false), ("localhost.evil", false), ("127.0.0.1x", false),
    ])
    func `a name that is not ours is a fault`(host: String, isOurs: Bool) {
        let head = RequestHead(method: "GET", path: "/", headers: ["Host": host])
        let fault = PageRules(hosts: ["spool.example"]).fault(of: head, isReadOnly: true)

        #expect((fault == nil) == isOurs)
    }

    @Test(
        arguments: [
            (["Origin": "http://localhost:8080"], true),
            (["Origin": "http://localhost:3000"], false),
            (["Sec-Fetch-Site": "same-origin"], true), (["Sec-Fetch-Site": "none"], true),
            (["Sec-Fetch-Site": "same-site"], false), (["Sec-Fetch-Site": "cross-site"], false),
            (["Content-Type": "application/json"], true), (["Content-Type": "text/plain"], false),
            (["Content-Type": "Multipart/Form-Data; boundary=x"], false), ([:], true),
            (["Content-Type": "text/plain", "Authorization": "Bearer t"], true),
        ] as [([String: String], Bool)])
    func `the operator's side takes its own page and programs`(
        fields: [String: String], isTaken: Bool
    ) {
        var headers: HeaderFields = ["Host": "localhost:8080"]
        for (name, value) in fields { headers.append(name, value) }
        let head = RequestHead(method: "POST", path: "/", headers: headers)

        #expect((PageRules().operatorFault(of: head) == nil) == isTaken)
    }
}
