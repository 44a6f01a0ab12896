import Glibc
import HTTPTransport
import ObjectStore
import TestSupport
import Testing
import WallClock

/// Transfers that end badly or in time, against a server with a script.
@Suite struct TransferTests {
    private let client = CurlTransport()

    private func bucket(
        _ server: ScriptedServer, milliseconds: Int = 1_700_000_000_000
    ) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
        ])
        let clock = S3Clock(
            now: { UnixTime(milliseconds: milliseconds) }, sleep: { _ in }, random: { 0.5 })
        return S3Bucket(configuration, client: client, clock: clock)
    }

    @Test func `no call begins after the task's deadline`() async throws {
        let server = ScriptedServer([[.request]])
        let bucket = try bucket(server)

        await #expect {
            _ = try await StoreDeadline.$time.withValue(1_700_000_000_000) {
                try await bucket.headObject(ObjectKey("a"))
            }
        } throws: { ($0 as? ObjectStoreError)?.code == .timeout }
        #expect(server.requests.isEmpty)
    }

    @Test func `a deadline holds to the millisecond`() async throws {
        let server = ScriptedServer([[.request]])
        let bucket = try bucket(server, milliseconds: 1_700_000_000_900)

        await #expect {
            _ = try await StoreDeadline.$time.withValue(1_700_000_000_800) {
                try await bucket.headObject(ObjectKey("a"))
            }
        } throws: { ($0 as? ObjectStoreError)?.code == .timeout }
        #expect(server.requests.isEmpty)
    }

    @Test func `a call ends with the task's deadline and is not made again`() async throws {
        let server = ScriptedServer([[.request, .request]])
        let bucket = try bucket(server)

        await #expect {
            _ = try await StoreDeadline.$time.withValue(1_700_000_000_040) {
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
