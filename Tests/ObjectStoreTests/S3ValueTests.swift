import HTTPTransport
import ObjectStore
import Testing
import WallClock

@Suite struct S3ValueTests {
    private let keys = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"]

    private func bucket(_ more: [String: String]) throws -> S3Bucket {
        S3Bucket(
            try S3Configuration(environment: keys.merging(more) { $1 }), client: CurlTransport(),
            clock: S3Clock(
                now: { UnixTime(seconds: 1_700_000_000) }, sleep: { _ in }, random: { 0 }))
    }

    @Test(
        arguments: [
            (1, RetryPolicy.Failure.transport, 0.5, nil, 50), (2, .transport, 0.5, nil, 100),
            (3, .transport, 0.5, nil, 200), (4, .transport, 0.5, nil, nil),
            (1, .status(503, serviceCode: nil), 0, nil, 0),
            (1, .status(404, serviceCode: nil), 1, nil, nil),
            (1, .status(403, serviceCode: "RequestTimeTooSkewed"), 0.1, nil, 10),
            (1, .status(429, serviceCode: nil), 0.9, 2, 2_000),
            (1, .status(503, serviceCode: nil), 0, 30, 30_000),
            (1, .status(503, serviceCode: nil), 0, .max, nil),
            (1, .status(409, serviceCode: "OperationAborted"), 0.1, nil, 10),
            (1, .status(412, serviceCode: "PreconditionFailed"), 0.1, nil, nil),
        ] as [(Int, RetryPolicy.Failure, Double, Int?, Int?)])
    func `a failure is retried as its code demands`(
        attempt: Int, failure: RetryPolicy.Failure, random: Double, retryAfter: Int?, delay: Int?
    ) {
        #expect(
            RetryPolicy().delay(
                after: failure, attempt: attempt, random: random,
                retryAfter: retryAfter.map { .seconds($0) })
                == delay.map { .milliseconds($0) })
    }

    @Test func `an error keeps its cause next to its sentence`() {
        let cause = HTTPTransportError(.connect, "Could not connect to server")
        let error = ObjectStoreError(
            .unavailable, operation: "GetObject", key: "exports/a/plan.json", underlying: cause)

        #expect(
            error.description
                == "GetObject of exports/a/plan.json failed: unavailable: "
                + "Could not connect to server.")
        #expect(error.underlying == cause.description)
    }

    @Test func `every missing or invalid variable is named at once`() {
        #expect {
            _ = try S3Configuration(environment: [
                "AWS_ENDPOINT_URL_S3": "ftp://x", "SPOOL_PUBLIC_S3_URL": "http://x/path",
            ])
        } throws: { error in
            (error as? S3ConfigurationError)?.faults == [
                "AWS_ACCESS_KEY_ID is not set.", "AWS_SECRET_ACCESS_KEY is not set.",
                "AWS_ENDPOINT_URL_S3 is not an http or https URL without a path: ftp://x.",
                "SPOOL_PUBLIC_S3_URL is not an http or https URL without a path: http://x/path.",
            ]
        }
    }

    @Test func `another store is addressed by path, Amazon's by host`() throws {
        let own = try S3Configuration(
            environment: keys.merging(["AWS_ENDPOINT_URL": "https://s3.example:443/"]) { $1 })
        let amazon = try S3Configuration(
            environment: keys.merging(["AWS_REGION": "eu-west-1", "SPOOL_BUCKET": "b"]) { $1 })

        #expect(
            own.endpoint == S3Endpoint(scheme: "https", authority: "s3.example", isPathStyle: true))
        #expect(
            amazon.endpoint
                == S3Endpoint(
                    scheme: "https", authority: "b.s3.eu-west-1.amazonaws.com",
                    isPathStyle: false))
    }

    @Test(arguments: [
        (["SPOOL_BUCKET": "a.b"], "s3.us-east-1.amazonaws.com", true),
        (["AWS_REGION": "cn-north-1"], "spool.s3.cn-north-1.amazonaws.com.cn", false),
        (["SPOOL_S3_ADDRESSING": "virtual"], "spool.s3.us-east-1.amazonaws.com", false),
        (
            ["SPOOL_S3_ADDRESSING": "virtual", "AWS_ENDPOINT_URL_S3": "http://h:1"],
            "spool.h:1", false
        ),
        (["SPOOL_S3_ADDRESSING": "path", "AWS_ENDPOINT_URL_S3": "http://h:1"], "h:1", true),
    ])
    func `a bucket's URL has the style of its store`(
        variables: [String: String], authority: String, isPathStyle: Bool
    ) throws {
        let configuration = try S3Configuration(environment: keys.merging(variables) { $1 })

        #expect(configuration.endpoint.authority == authority)
        #expect(configuration.endpoint.isPathStyle == isPathStyle)
        #expect(configuration.clientEndpoint == configuration.endpoint)
    }

    @Test(arguments: [
        ("film.mp4", "attachment%3B%20filename%3D%22film.mp4%22"),
        ("a\"b\\\r\nc", "attachment%3B%20filename%3D%22abc%22"),
        (
            "é 1.mp4",
            "attachment%3B%20filename%3D%22_%201.mp4%22%3B%20filename%2A%3DUTF-8%27%27"
                + "%25C3%25A9%25201.mp4"
        ),
    ])
    func `a download's file name is encoded in the header`(name: String, encoded: String)
        async throws
    {
        let url = try await bucket(["AWS_ENDPOINT_URL_S3": "http://s:1"]).presignedURL(
            .get(ObjectKey("a"), downloadName: name), expiresIn: .seconds(60), audience: .client)

        #expect(
            url.hasPrefix("http://s:1/spool/a?response-content-disposition=\(encoded)&X-Amz-"))
    }

    @Test func `a client's URL has the public host, ours the inner one`() async throws {
        let bucket = try bucket([
            "AWS_ENDPOINT_URL_S3": "http://store:9000",
            "SPOOL_PUBLIC_S3_URL": "https://cdn.example",
        ])
        let request = PresignedRequest.get(ObjectKey("a b/ä.mp4"), downloadName: "x.mp4")

        let mine = try await bucket.presignedURL(
            request, expiresIn: .seconds(60), audience: .internal)
        let theirs = try await bucket.presignedURL(
            request, expiresIn: .seconds(60), audience: .client)

        #expect(mine.hasPrefix("http://store:9000/spool/a%20b/%C3%A4.mp4?response-content-"))
        #expect(theirs.hasPrefix("https://cdn.example/spool/a%20b/%C3%A4.mp4?response-content-"))
        #expect(mine.contains("X-Amz-Date=20231114T221320Z&X-Amz-Expires=60"))
        #expect(mine.suffix(64) != theirs.suffix(64))
    }

    @Test func `an error contains no password of a URL`() {
        #expect {
            _ = try S3Configuration(
                environment: keys.merging(["AWS_ENDPOINT_URL_S3": "http://me:pass@x"]) { $1 })
        } throws: { error in
            "\(error)"
                == "AWS_ENDPOINT_URL_S3 is not an http or https URL without a path: …@x."
        }
    }

    /// Source: S3 API Reference, "Authenticating Requests: Using Query
    /// Parameters", the example.
    @Test func `a virtual host's URL is signed as in Amazon's example`() async throws {
        var configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ])
        configuration.clientEndpoint = S3Endpoint(
            scheme: "https", authority: "examplebucket.s3.amazonaws.com", isPathStyle: false)
        let bucket = S3Bucket(
            configuration, client: CurlTransport(),
            clock: S3Clock(
                now: { UnixTime(seconds: 1_369_353_600) }, sleep: { _ in }, random: { 0 }))

        let url = try await bucket.presignedURL(
            .get(ObjectKey("test.txt"), downloadName: nil), expiresIn: .seconds(86_400),
            audience: .client)

        #expect(url.hasPrefix("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm="))
        #expect(
            url.hasSuffix(
                "&X-Amz-Signature="
                    + "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
    }

    @Test(arguments: ["http://", "s3.example", "http://h/b", "http://u@h", "http://h?x", "ftp://h"])
    func `an endpoint other than scheme, host and port is refused`(url: String) {
        #expect(S3Endpoint(url: url) == nil)
    }

    @Test func `an upload URL signs type and length`() async throws {
        let url = try await bucket(["AWS_ENDPOINT_URL_S3": "http://s:1"]).presignedURL(
            .put(ObjectKey("a"), contentType: "video/mp4", contentLength: 9),
            expiresIn: .seconds(60), audience: .client)

        #expect(url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"))
    }
}
