import Glibc
import HTTPTransport
import ObjectStore
import TestSupport
import Testing

/// Transfers that end badly or in time, against a server with a script.
@Suite struct TransferTests {
    private let client = CurlTransport()

    private func url(_ server: ScriptedServer) -> String { "http://127.0.0.1:\(server.port)/a" }

    private func bucket(_ server: ScriptedServer) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
        ])
        let clock = S3Clock(seconds: { 1_700_000_000 }, sleep: { _ in }, random: { 0.5 })
        return S3Bucket(configuration, client: client, clock: clock)
    }

    @Test func `an answer that stalls ends with the time limit`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"), .request]
        ])

        await #expect {
            _ = try await client.send(
                HTTPRequest(method: "GET", url: url(server), timeoutMilliseconds: 50))
        } throws: { ($0 as? HTTPTransportError)?.code == .timeout }
    }

    @Test func `an answer beyond the caller's limit is refused`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
        ])

        await #expect {
            _ = try await client.send(
                HTTPRequest(
                    method: "GET", url: url(server), sink: .memory(maximumBytes: 4)))
        } throws: { ($0 as? HTTPTransportError)?.code == .tooLarge }
    }

    @Test func `a part of a file is sent from its place`() async throws {
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

    @Test func `a file that is shorter than said is not sent as whole`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write([1, 2, 3], to: path))
        let server = ScriptedServer([[.request]])

        await #expect {
            _ = try await client.send(
                HTTPRequest(
                    method: "PUT", url: url(server), body: .file(path: path, offset: 0, bytes: 9)))
        } throws: { ($0 as? HTTPTransportError)?.code == .localFile }
    }

    @Test func `no call begins after the task's deadline`() async throws {
        let server = ScriptedServer([[.request]])
        let bucket = try bucket(server)

        await #expect {
            _ = try await StoreDeadline.$milliseconds.withValue(1_700_000_000_000) {
                try await bucket.headObject(ObjectKey("a"))
            }
        } throws: { ($0 as? ObjectStoreError)?.code == .timeout }
        #expect(server.requests.isEmpty)
    }

    @Test func `a call ends with the task's deadline and is not made again`() async throws {
        let server = ScriptedServer([[.request, .request]])
        let bucket = try bucket(server)

        await #expect {
            _ = try await StoreDeadline.$milliseconds.withValue(1_700_000_000_040) {
                try await bucket.headObject(ObjectKey("a"))
            }
        } throws: { ($0 as? ObjectStoreError)?.code == .timeout }
        #expect(server.requests.count <= 1)
    }

    @Test func `a download without an ETag leaves no file and closes once`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
        ])
        let folder = LocalFile.temporaryFolder()

        await #expect {
            _ = try await bucket(server).downloadObject(
                ObjectKey("a"), ifMatch: nil, toFile: folder + "/file")
        } throws: { ($0 as? ObjectStoreError)?.code == .invalidResponse }
        #expect(rmdir(folder) == 0, "something was left")
    }
}
