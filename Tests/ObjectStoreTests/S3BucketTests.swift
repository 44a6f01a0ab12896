import HTTPTransport
import ObjectStore
import Synchronization
import Testing
import WallClock
import TestSupport

/// The client against a server that answers from a script.
@Suite struct S3BucketTests {
    private let sleeps = Sleeps()

    final class Sleeps: Sendable {
        let milliseconds = Mutex<[Int]>([])
    }

    private func bucket(
        _ server: ScriptedServer, seconds: Int = 1_700_000_000
    ) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
        ])
        let clock = S3Clock(
            now: { UnixTime(seconds: seconds) },
            sleep: { [sleeps] delay in
                try Task.checkCancellation()
                sleeps.milliseconds.withLock { $0.append(delay.wholeMilliseconds) }
            }, random: { 0.5 })
        return S3Bucket(configuration, client: CurlTransport(), clock: clock)
    }

    private static func answer(
        _ status: String, _ body: String = "", headers: String = "ETag: \"e\"\r\n"
    ) -> ScriptedServer.Step {
        .send("HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private static func error(_ code: String) -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>"
    }

    private let key = ObjectKey("a")

    private func get(_ bucket: S3Bucket) async throws(ObjectStoreError) -> StoredObject {
        try await bucket.getObject(key, range: nil, ifMatch: nil, bytesMax: 1_000)
    }

    private func putIfAbsent(_ bucket: S3Bucket) async throws(ObjectStoreError) -> ObjectInfo {
        try await bucket.putObject(
            .bytes(Array("mine".utf8)), at: key, options: PutOptions(condition: .ifAbsent))
    }

    @Test func `a temporary failure is retried on the same connection`() async throws {
        let server = ScriptedServer([
            [
                .request, Self.answer("503 Slow", Self.error("SlowDown")), .request,
                Self.answer("500 Oops"), .request, Self.answer("200 OK", "hello"),
            ]
        ])

        let object = try await get(try bucket(server))

        #expect(object.body == Array("hello".utf8))
        #expect(server.requests.count == 3)
        #expect(sleeps.milliseconds.withLock { $0 } == [50, 100])
    }

    @Test func `a connection closed before the answer is opened again`() async throws {
        let server = ScriptedServer([
            [.request, .reset], [.request, Self.answer("200 OK", "hello")],
        ])

        #expect(try await get(try bucket(server)).body == Array("hello".utf8))
    }

    @Test func `a truncated answer is not accepted`() async throws {
        let server = ScriptedServer([
            [.request, .send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 9\r\n\r\nhel")],
            [.request, Self.answer("200 OK", "hello")],
        ])

        #expect(try await get(try bucket(server)).body == Array("hello".utf8))
    }

    @Test func `a call fails after four attempts`() async throws {
        let failure: [ScriptedServer.Step] = [.request, Self.answer("503 Slow")]
        let server = ScriptedServer([failure + failure + failure + failure])

        await #expect {
            _ = try await get(try bucket(server))
        } throws: { error in
            let error = error as? ObjectStoreError
            return error?.code == .unavailable && error?.attempts == 4
        }
    }

    @Test(arguments: [
        ("403 Forbidden", "AccessDenied", ObjectStoreError.Code.accessDenied),
        ("404 Not Found", "NoSuchKey", .notFound), ("400 Bad", "InvalidArgument", .invalidRequest),
        ("416 Range", "InvalidRange", .invalidRange),
    ])
    func `a refusal is not retried and keeps the store's code`(
        status: String, code: String, mine: ObjectStoreError.Code
    ) async throws {
        let server = ScriptedServer([
            [
                .request,
                Self.answer(
                    status, Self.error(code), headers: "x-amz-request-id: r1\r\n"),
            ]
        ])

        await #expect {
            _ = try await get(try bucket(server))
        } throws: { error in
            let error = error as? ObjectStoreError
            return error?.code == mine && error?.serviceCode == code && error?.requestID == "r1"
        }
        #expect(server.requests.count == 1)
    }

    @Test func `a put with a lost answer is recognised as our own`() async throws {
        let server = ScriptedServer([
            [.request, .reset],
            [
                .request, Self.answer("412 No", Self.error("PreconditionFailed")), .request,
                Self.answer("200 OK", "mine"),
            ],
        ])

        #expect(try await putIfAbsent(try bucket(server)).etag == "e")
    }

    @Test func `a put that failed on a reused connection is recognised`() async throws {
        let again: [ScriptedServer.Step] = [
            .request, Self.answer("412 No", Self.error("PreconditionFailed")), .request,
            Self.answer("200 OK", "mine"),
        ]
        // The second request is read and never answered. curl opens a second
        // connection before the transport stops its own repetition.
        let server = ScriptedServer([
            [.request, Self.answer("200 OK", "hello"), .request], again, again,
        ])
        let bucket = try bucket(server)
        _ = try await get(bucket)

        #expect(try await putIfAbsent(bucket).etag == "e")
        #expect(server.requests.count == 4)
    }

    @Test func `a put that lost against another is a conflict`() async throws {
        let lost = ScriptedServer([
            [.request, .reset],
            [
                .request, Self.answer("412 No", Self.error("PreconditionFailed")), .request,
                Self.answer("200 OK", "their"),
            ],
        ])
        let plain = ScriptedServer([
            [
                .request, Self.answer("412 No", Self.error("PreconditionFailed")),
            ]
        ])

        for server in [lost, plain] {
            await #expect {
                _ = try await putIfAbsent(try bucket(server))
            } throws: { ($0 as? ObjectStoreError)?.code == .preconditionFailed }
        }
    }

    @Test func `an error inside a 200 fails the completion`() async throws {
        let server = ScriptedServer([
            [
                .request, Self.answer("200 OK", Self.error("InvalidPart")),
            ]
        ])
        let parts = [UploadedPart(number: 1, etag: "p", bytes: 3)]

        await #expect {
            _ = try await bucket(server).completeMultipartUpload(
                key, uploadID: "u", parts: parts, condition: nil)
        } throws: { ($0 as? ObjectStoreError)?.serviceCode == "InvalidPart" }
    }

    @Test func `a completion with a lost answer is found done`() async throws {
        let server = ScriptedServer([
            [.request, .reset],
            [
                .request, Self.answer("404 Not Found", Self.error("NoSuchUpload")), .request,
                .send("HTTP/1.1 200 OK\r\nETag: \"x-1\"\r\nContent-Length: 3\r\n\r\n"),
            ],
        ])

        let info = try await bucket(server).completeMultipartUpload(
            key, uploadID: "u", parts: [UploadedPart(number: 1, etag: "p", bytes: 3)],
            condition: nil)

        #expect(info.etag == "x-1")
    }

    @Test func `a wrong clock is corrected by the store's`() async throws {
        let date = "Date: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
        let server = ScriptedServer([
            [
                .request,
                Self.answer("403 Forbidden", Self.error("RequestTimeTooSkewed"), headers: date),
                .request, Self.answer("200 OK", "hello"),
            ]
        ])

        _ = try await get(try bucket(server))

        #expect(server.requests[0].contains("x-amz-date: 20231114T221320Z"))
        #expect(server.requests[1].contains("x-amz-date: 20261120T120000Z"))
    }

    @Test func `an interrupted download starts again from an empty file`() async throws {
        let server = ScriptedServer([
            [
                .request, .send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n"),
                .request,
                .send("HTTP/1.1 206 Part\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\nhal"),
            ],
            [.request, Self.answer("206 Part", "hello")],
        ])
        let path = LocalFile.temporaryFolder() + "/file"

        _ = try await bucket(server).downloadObject(key, ifMatch: nil, toFile: path)

        #expect(LocalFile.read(path) == Array("hello".utf8))
        #expect(server.requests[2].contains("range: bytes=0-4\r\n"))
        #expect(server.requests[2].contains("if-match: \"e\"\r\n"))
    }

    @Test func `cancelling ends a waiting transfer`() async throws {
        // The server takes the request and never answers.
        let server = ScriptedServer([[.request, .request]])
        let bucket = try bucket(server)
        let waiting = Task { try await get(bucket) }
        try await eventually("the request's arrival") { !server.requests.isEmpty }

        waiting.cancel()

        await #expect {
            _ = try await waiting.value
        } throws: { ($0 as? ObjectStoreError)?.code == .cancelled }
    }

    @Test func `a call in a cancelled task is not sent`() async throws {
        let server = ScriptedServer([[.request, Self.answer("200 OK")]])
        let bucket = try bucket(server)

        let result = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try? await get(bucket)
        }.value

        #expect(result == nil)
        #expect(server.requests.isEmpty)
    }
}
