import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Requests as sent and responses as received, against a scripted server.
@Suite struct HTTPTransportTests {
    private let client = CurlTransport()

    private func url(_ server: ScriptedServer) -> String { "http://127.0.0.1:\(server.port)/a" }

    private func code(_ request: HTTPRequest) async -> HTTPTransportError.Code? {
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `an address that is not permitted is not connected to`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 204 No Content\r\n\r\n"), .request]
        ])
        // This connection is kept, and the next request may not use it.
        _ = try await client.send(HTTPRequest(method: "GET", url: url(server)))
        var guarded = HTTPRequest(method: "GET", url: url(server))
        guarded.permitsAddress = { $0 != [127, 0, 0, 1] }

        #expect(await code(guarded) == .forbiddenAddress)
    }

    @Test func `a redirect is an answer and is not followed`() async throws {
        let server = ScriptedServer([
            [
                .request,
                .send("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
                .request,
            ]
        ])

        let response = try await client.send(HTTPRequest(method: "GET", url: url(server)))

        #expect(response.status == 302)
        #expect(response["location"] == "/b")
        #expect(server.requests.count == 1)
    }

    @Test func `headers keep their order, and an interim answer leaves none`() async throws {
        let server = ScriptedServer([
            [
                .request,
                .send(
                    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                        + "HTTP/1.1 200 OK\r\nB: 1\r\nA:\r\nB:  2 \r\nContent-Length: 2"
                        + "\r\n\r\nok"),
            ]
        ])

        let response = try await client.send(
            HTTPRequest(
                method: "GET", url: url(server),
                headers: [("X-B", "1"), ("x-a", "2"), ("X-Empty", "")]))

        #expect(response.headers.map(\.name) == ["B", "A", "B", "Content-Length"])
        #expect(response.headers.map(\.value) == ["1", "", "2", "2"])
        #expect(response.body == Array("ok".utf8))
        let request = try #require(server.requests.first)
        #expect(request.contains("\r\nX-B: 1\r\nx-a: 2\r\nX-Empty:\r\n"))
        #expect(!request.contains("Expect"))
    }

    @Test(arguments: [
        ("x", "a\r\nEvil: 1"), ("x", "a\nb"), ("x", "a\u{0}"), ("x\r\ny", "1"), ("x:y", "1"),
        ("", "1"), ("x y", "1"),
    ])
    func `a header that would be read as two is not sent`(name: String, value: String) async {
        let request = HTTPRequest(
            method: "GET", url: "http://127.0.0.1:1/", headers: [(name, value)])

        #expect(await code(request) == .invalid)
    }

    @Test(arguments: ["http://127.0.0.1:1/a b", "http://127.0.0.1:1/\r\nx", "file:///etc/passwd"])
    func `a URL that is not plain HTTP is not requested`(url: String) async {
        #expect(await code(HTTPRequest(method: "GET", url: url)) == .invalid)
    }

    @Test func `a port without a listener is a connection error`() async {
        #expect(await code(HTTPRequest(method: "GET", url: "http://127.0.0.1:1/")) == .connect)
    }

    @Test func `a server without TLS is refused as an HTTPS server`() async {
        let server = ScriptedServer([[.bytes(5), .send("HTTP/1.1 400 Bad\r\n\r\n")]])
        let request = HTTPRequest(method: "GET", url: "https://127.0.0.1:\(server.port)/")

        #expect(await code(request) == .tls)
    }

    @Test func `endless headers are refused`() async {
        let line = "X: " + String(repeating: "a", count: 8_000) + "\r\n"
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 20))]
        ])

        #expect(await code(HTTPRequest(method: "GET", url: url(server))) == .tooLarge)
    }

    @Test func `an error's text stays out of the file`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let server = ScriptedServer([
            [
                .request, .send("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone"), .request,
                .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"),
            ]
        ])
        let request = HTTPRequest(
            method: "GET", url: url(server), sink: .file(descriptor: descriptor))

        let gone = try await client.send(request)
        let here = try await client.send(request)

        #expect(gone.body == Array("gone".utf8))
        #expect(here.body.isEmpty)
        #expect(here.bodyBytes == 4)
        #expect(LocalFile.read(path) == Array("here".utf8))
    }

    @Test func `a request without a body is sent once`() async throws {
        let server = ScriptedServer(
            [
                // Stays open, so that the next request could be sent on it.
                [
                    .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .request,
                ],
                [.request],
                [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
            ], atOnce: true)
        _ = try await client.send(HTTPRequest(method: "GET", url: url(server)))

        let put = HTTPRequest(method: "PUT", url: url(server), body: .bytes([]))

        #expect(await code(put) == .reset)
        #expect(server.requests.count == 2)
    }

    @Test func `concurrent requests each get their own response`() async throws {
        let count = 20
        let server = ScriptedServer(
            Array(
                repeating: [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")],
                count: count), atOnce: true)
        let address = url(server)

        let statuses = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<count {
                group.addTask {
                    try? await client.send(
                        HTTPRequest(method: "GET", url: "\(address)\(number)")
                    ).status
                }
            }
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }

        #expect(statuses == Array(repeating: 200, count: count))
        let paths = Set(server.requests.map { $0.prefix { $0 != "\r" } })
        #expect(paths.count == count)
    }
}
