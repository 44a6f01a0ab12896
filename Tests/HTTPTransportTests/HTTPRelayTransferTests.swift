import HTTPTransport
import Testing
import TestSupport

/// The relay between a client's connection and a server's.
@Suite(.timeLimit(.minutes(1)))
struct HTTPRelayTransferTests {
    private func relay() throws -> HTTPRelay {
        let made = HTTPRelay(
            certificatesFile: nil, makeSecret: { "s\(UInt64.random(in: 0 ... .max))" })
        return try #require(made)
    }

    private func secret(_ address: String) -> String {
        String(address.split(separator: "/").last ?? "")
    }

    private func response(
        _ relay: HTTPRelay, _ path: String, _ more: String = ""
    ) async -> String {
        let client = RawConnection(port: relay.port)
        await client.send("GET /\(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(more)\r\n")
        return await client.readToEnd()
    }

    @Test func `the server gets the URL's path and host, and the client its bytes`() async throws {
        let answer = "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nbody"
        let server = ScriptedServer([[.request, .send(answer)]])
        let relay = try relay()
        let address = relay.open(["http://127.0.0.1:\(server.port)/bucket/key?X-Amz-Signature=1"])

        let text = await response(relay, secret(address[0]), "Range: bytes=5-\r\n")

        #expect(text == answer)
        #expect(
            server.requests == [
                "GET /bucket/key?X-Amz-Signature=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"
                    + "Range: bytes=5-\r\n\r\n"
            ])
    }

    @Test func `an unknown path and a closed one reach no server`() async throws {
        let server = ScriptedServer([[.request]])
        let relay = try relay()
        let address = relay.open(["http://127.0.0.1:\(server.port)/key"])
        relay.close(address)

        #expect(await response(relay, secret(address[0])) == "")
        #expect(await response(relay, "guessed") == "")
        #expect(server.requests.isEmpty)
    }

    @Test func `a body that breaks off breaks off for the client`() async throws {
        let begun = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
        let server = ScriptedServer([[.request, .send(begun)]])
        let relay = try relay()
        let address = relay.open(["http://127.0.0.1:\(server.port)/key"])

        #expect(await response(relay, secret(address[0])) == begun)
    }

    @Test func `a server that cannot be reached resets the connection`() async throws {
        let relay = try relay()
        let address = relay.open(["http://127.0.0.1:1/key"])

        #expect(await response(relay, secret(address[0])) == "")
    }

    @Test func `a large body arrives whole`() async throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 16)
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        let server = ScriptedServer([[.request, .send(answer)]])
        let relay = try relay()
        let address = relay.open(["http://127.0.0.1:\(server.port)/key"])

        let text = await response(relay, secret(address[0]))

        #expect(text.utf8.count == answer.utf8.count)
        #expect(text == answer)
    }
}
