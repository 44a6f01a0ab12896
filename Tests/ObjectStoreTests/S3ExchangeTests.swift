import Crypto
import HTTPTransport
import ObjectStore
import Synchronization
import Testing
import WallClock
import TestSupport

/// Retries by the answers of a scripted server.
@Suite struct S3ExchangeTests {
    private let sleeps = Sleeps()
    private let key = ObjectKey("a")

    final class Sleeps: Sendable {
        let milliseconds = Mutex<[Int]>([])
    }

    private func bucket(_ server: ScriptedServer) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
        ])
        let clock = S3Clock(
            now: { UnixTime(seconds: 1_700_000_000) },
            sleep: { [sleeps] delay in
                sleeps.milliseconds.withLock { $0.append(delay.wholeMilliseconds) }
            },
            random: { 0.5 })
        return S3Bucket(configuration, client: CurlTransport(), clock: clock)
    }

    private static func answer(
        _ status: String, _ body: String = "", _ headers: String = "ETag: \"e\""
    ) -> ScriptedServer.Step {
        .send(
            "HTTP/1.1 \(status)\r\n\(headers)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body)
    }

    /// A HEAD's answer: a length without a body.
    private static func head(_ status: String, _ headers: String) -> ScriptedServer.Step {
        .send("HTTP/1.1 \(status)\r\n\(headers)\r\nContent-Length: 3\r\n\r\n")
    }

    private static func error(_ code: String) -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>"
    }

    private func code<Result>(
        _ body: () async throws(ObjectStoreError) -> Result
    ) async -> ObjectStoreError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [
        ("7", [7_000]), ("30", [30_000]), ("Tue, 14 Nov 2023 22:13:25 GMT", [5_000]),
        ("Tue, 14 Nov 2023 22:13:00 GMT", [0]), ("soon", [50]),
    ])
    func `a retry waits as long as Retry-After says`(text: String, expected: [Int]) async throws {
        let server = ScriptedServer([
            [
                .request, Self.answer("503 Slow", "", "Retry-After: \(text)"), .request,
                Self.answer("200 OK", "hello"),
            ]
        ])

        _ = try await bucket(server).getObject(key, range: nil, ifMatch: nil, bytesMax: 9)

        #expect(sleeps.milliseconds.withLock { $0 } == expected)
    }

    @Test func `a Retry-After above the maximum fails the call`() async throws {
        let server = ScriptedServer([
            [.request, Self.answer("503 Slow", "", "Retry-After: 31"), .request]
        ])
        let bucket = try bucket(server)

        #expect(
            await code { () async throws(ObjectStoreError) in
                try await bucket.deleteObject(key)
            } == .unavailable)
        #expect(server.requests.count == 1)
    }

    @Test func `a download waits for Retry-After and starts again`() async throws {
        let server = ScriptedServer([
            [
                .request, .send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n"),
                .request,
                .send("HTTP/1.1 206 Part\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\nhel"),
            ],
            [
                .request, Self.answer("503 Slow", Self.error("SlowDown"), "Retry-After: 2"),
                .request, Self.answer("206 Part", "hello"),
            ],
        ])
        let path = LocalFile.temporaryFolder() + "/file"

        let info = try await bucket(server).downloadObject(key, ifMatch: nil, toFile: path)

        #expect(info.bytes == 5)
        #expect(LocalFile.read(path) == Array("hello".utf8))
        #expect(sleeps.milliseconds.withLock { $0 } == [50, 2_000])
    }

    @Test func `a head without an error body is retried with the store's clock`() async throws {
        let date = "Date: Fri, 20 Nov 2026 12:00:00 GMT"
        let server = ScriptedServer([
            [
                .request, Self.head("403 Forbidden", date), .request,
                Self.head("200 OK", "ETag: \"e\""),
            ]
        ])

        let info = try await bucket(server).headObject(key)

        #expect(info.etag == "e")
        #expect(server.requests[1].contains("x-amz-date: 20261120T120000Z"))
        #expect(server.requests[1].contains("x-amz-security-token: token"))
    }

    @Test func `a forbidden head without clock skew fails`() async throws {
        let server = ScriptedServer([
            [.request, Self.head("403 Forbidden", "Date: Tue, 14 Nov 2023 22:20:00 GMT"), .request]
        ])
        let bucket = try bucket(server)

        #expect(
            await code { () async throws(ObjectStoreError) in
                try await bucket.headObject(key)
            } == .accessDenied)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: ["", String(repeating: "ä", count: 513)])
    func `an invalid key is never sent`(text: String) async throws {
        let server = ScriptedServer([[.request]])
        let (bucket, key) = (try bucket(server), ObjectKey(text))

        #expect(
            await code { () async throws(ObjectStoreError) in
                try await bucket.deleteObject(key)
            } == .invalidRequest)
        #expect(
            await code { () async throws(ObjectStoreError) in
                try await bucket.headObject(key)
            } == .invalidRequest)
        #expect(
            await code { () async throws(ObjectStoreError) in
                try await bucket.presignedURL(.head(key), expiresIn: .seconds(1), audience: .client)
            } == .invalidRequest)
        #expect(server.requests.isEmpty)
    }

    @Test func `a conditional put with a lost answer is recognised`() async throws {
        let server = ScriptedServer([
            [.request, .reset],
            [
                .request, Self.answer("412 No", Self.error("PreconditionFailed")), .request,
                Self.answer("200 OK", "mine"),
            ],
        ])

        let info = try await bucket(server).putObject(
            .bytes(Array("mine".utf8)), at: key, options: PutOptions(condition: .ifMatch("old")))

        #expect(info.etag == "e")
    }

    /// MD5 of the MD5 of `hello`.
    private static let helloParts = [
        UploadedPart(number: 1, etag: "5d41402abc4b2a76b9719d911017c592", bytes: 5)
    ]
    private static let helloETag = "\(hex(md5(md5("hello".utf8))))-1"

    @Test(arguments: [(helloETag, nil), ("0-1", ObjectStoreError.Code.preconditionFailed)])
    func `our own completion is distinguished from another's`(
        stored: String, expected: ObjectStoreError.Code?
    ) async throws {
        let server = ScriptedServer([
            [.request, .reset],
            [
                .request, Self.answer("412 No", Self.error("PreconditionFailed")), .request,
                Self.head("200 OK", "ETag: \"\(stored)\""),
            ],
        ])
        let bucket = try bucket(server)

        let result = await code { () async throws(ObjectStoreError) in
            try await bucket.completeMultipartUpload(
                key, uploadID: "u", parts: Self.helloParts, condition: .ifAbsent)
        }

        #expect(result == expected)
    }

    @Test(arguments: [
        ("<Error><Code>InvalidPart</Code></Error>", ObjectStoreError.Code.invalidRequest),
        ("<CompleteMultipartUploadResult><ETag>&quot;x-1&quot;</ETag>", .invalidResponse),
        ("<CompleteMultipartUploadResult/>", .invalidResponse),
        (
            "<CompleteMultipartUploadResult><ETag>&quot;x-1&quot;</ETag>"
                + "</CompleteMultipartUploadResult>", nil
        ),
    ])
    func `a completion document is read behind any white space`(
        body: String, expected: ObjectStoreError.Code?
    ) async throws {
        let document = " \n   <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + body
        let server = ScriptedServer([
            [
                .request, Self.answer("200 OK", document), .request,
                Self.head("200 OK", "ETag: \"x-1\""),
            ]
        ])
        let bucket = try bucket(server)

        let result = await code { () async throws(ObjectStoreError) in
            try await bucket.completeMultipartUpload(
                key, uploadID: "u", parts: Self.helloParts, condition: nil)
        }

        #expect(result == expected)
    }

    @Test func `a listing's keys are URL-decoded`() async throws {
        let page = """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
            <Contents><Key>a+b%2Bc/%C3%A4%01</Key><ETag>&quot;e&quot;</ETag><Size>3</Size>
            <LastModified>2023-11-14T22:13:20.500Z</LastModified></Contents></ListBucketResult>
            """
        let server = ScriptedServer([[.request, Self.answer("200 OK", page)]])

        let listed = try await bucket(server).listObjects(
            prefix: "a ", startAfter: "a&", keyCountMax: 1)

        #expect(
            listed
                == ListPage(
                    objects: [
                        ObjectInfo(
                            key: ObjectKey("a b+c/ä\u{1}"), etag: "e", bytes: 3,
                            lastModified: 1_700_000_000_500)
                    ], isTruncated: true))
        let request = try #require(server.requests.first)
        #expect(
            request.hasPrefix(
                "GET /spool/?list-type=2&prefix=a%20&max-keys=1&encoding-type=url"
                    + "&start-after=a%26 HTTP/1.1\r\n"))
    }
}
