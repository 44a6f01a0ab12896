import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Transfers that fail or exceed a limit, against a scripted server.
@Suite struct TransferTests {
    private let client = CurlTransport()

    private func url(_ server: ScriptedServer) -> String { "http://127.0.0.1:\(server.port)/a" }

    @Test func `an answer that stalls ends with the time limit`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"), .request]
        ])

        await #expect {
            _ = try await client.send(
                HTTPRequest(method: "GET", url: url(server), timeout: .milliseconds(50)))
        } throws: { ($0 as? HTTPTransportError)?.code == .timeout }
    }

    @Test func `an answer beyond the caller's limit is refused`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
        ])

        await #expect {
            _ = try await client.send(
                HTTPRequest(
                    method: "GET", url: url(server), sink: .memory(bytesMax: 4)))
        } throws: { ($0 as? HTTPTransportError)?.code == .tooLarge }
    }

    @Test func `a part of a file is sent from its offset`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write(Array("0123456789".utf8), to: path))
        let server = ScriptedServer([[.request, .send("HTTP/1.1 200 OK\r\n\r\n")]])

        _ = try await client.send(
            HTTPRequest(
                method: "PUT", url: url(server), body: .file(path: path, offset: 3, bytes: 4)))

        let request = try #require(server.requests.first)
        #expect(request.hasSuffix("\r\n\r\n3456"))
        #expect(request.contains("Content-Length: 4\r\n"))
    }

    @Test func `a file shorter than declared fails the request`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write([1, 2, 3], to: path))
        let server = ScriptedServer([[.request]])

        await #expect {
            _ = try await client.send(
                HTTPRequest(
                    method: "PUT", url: url(server), body: .file(path: path, offset: 0, bytes: 9)))
        } throws: { ($0 as? HTTPTransportError)?.code == .localFile }
    }
}
