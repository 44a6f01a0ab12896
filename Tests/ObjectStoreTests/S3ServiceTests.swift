import Captions
import Crypto
import HTTPTransport
import ObjectStore
import Synchronization
import Testing
import WallClock
import TestSupport

/// Regions, credentials and the budget of repeats, against answers in memory.
@Suite struct S3ServiceTests {
    /// Answers from a script and keeps what it was asked.
    final class Script: HTTPClient {
        private struct State {
            var answers: [(Int, [(name: String, value: String)], String)]
            var requests: [HTTPRequest] = []
        }

        private let state: Mutex<State>

        /// The last answer is repeated.
        init(_ answers: [(Int, [(name: String, value: String)], String)]) {
            state = Mutex(State(answers: answers))
        }

        var requests: [HTTPRequest] { state.withLock { $0.requests } }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            let (status, headers, body) = state.withLock { state in
                state.requests.append(request)
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
            return HTTPResponse(
                status: status, headers: headers, body: Array(body.utf8),
                bodyBytes: body.utf8.count)
        }
    }

    private static let ok = (200, [(name: "ETag", value: "\"e\"")], "hello")
    private static let keys = ["AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"]

    private func bucket(
        _ script: Script, _ environment: [String: String] = keys,
        seconds: @escaping @Sendable () -> Int = { 1_700_000_000 }
    ) throws -> S3Bucket {
        S3Bucket(
            try S3Configuration(environment: environment), client: script,
            clock: S3Clock(now: { UnixTime(seconds: seconds()) }, sleep: { _ in }, random: { 0.5 }))
    }

    private func get(_ bucket: S3Bucket) async throws(ObjectStoreError) -> StoredObject {
        try await bucket.getObject(ObjectKey("a"), range: nil, ifMatch: nil, bytesMax: 1_000)
    }

    private func header(_ name: String, _ request: HTTPRequest?) -> String? {
        request?.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    // MARK: Regions

    @Test(
        arguments: [
            (301, [(name: "x-amz-bucket-region", value: "eu-west-3")], ""),
            (
                400, [],
                "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"
            ),
        ] as [(Int, [(name: String, value: String)], String)])
    func `a bucket in another region is found and remembered`(
        status: Int, headers: [(name: String, value: String)], body: String
    ) async throws {
        let script = Script([(status, headers, body), Self.ok])
        let bucket = try bucket(script)

        _ = try await get(bucket)
        _ = try await get(bucket)

        let urls = script.requests.map(\.url)
        #expect(
            urls == [
                "https://spool.s3.us-east-1.amazonaws.com/a",
                "https://spool.s3.eu-west-3.amazonaws.com/a",
                "https://spool.s3.eu-west-3.amazonaws.com/a",
            ])
        let authorization = try #require(header("authorization", script.requests.last))
        #expect(authorization.contains("/eu-west-3/s3/aws4_request"))
        let url = try await bucket.presignedURL(
            .head(ObjectKey("a")), expiresIn: .seconds(9), audience: .client)
        #expect(url.hasPrefix("https://spool.s3.eu-west-3.amazonaws.com/a?"))
    }

    @Test func `a redirect to the same region fails`() async throws {
        let script = Script([(301, [(name: "x-amz-bucket-region", value: "us-east-1")], "")])

        await #expect {
            _ = try await get(try bucket(script))
        } throws: { ($0 as? ObjectStoreError)?.code == .invalidRequest }
        #expect(script.requests.count == 1)
    }

    @Test func `a redirect loop fails`() async throws {
        func elsewhere(_ region: String) -> (Int, [(name: String, value: String)], String) {
            (301, [(name: "x-amz-bucket-region", value: region)], "")
        }
        let script = Script([
            elsewhere("eu-west-1"), elsewhere("eu-west-2"), elsewhere("eu-west-1"),
        ])

        await #expect {
            _ = try await get(try bucket(script))
        } throws: { ($0 as? ObjectStoreError)?.code == .invalidRequest }
        #expect(script.requests.count == 2)
    }

    @Test func `another store's endpoint survives a change of region`() async throws {
        let script = Script([
            (400, [], "<Error><Code>AuthorizationHeaderMalformed</Code><Region>x</Region></Error>"),
            Self.ok,
        ])

        _ = try await get(
            try bucket(script, Self.keys.merging(["AWS_ENDPOINT_URL_S3": "http://h:1"]) { $1 }))

        #expect(script.requests.map(\.url) == ["http://h:1/spool/a", "http://h:1/spool/a"])
        #expect(header("authorization", script.requests[1])?.contains("/x/s3/") == true)
    }

    // MARK: The budget

    @Test func `retries stop when the retry budget is spent`() async throws {
        let script = Script([(503, [], "<Error><Code>SlowDown</Code></Error>")])
        let bucket = try bucket(script)

        for _ in 0..<100 { _ = try? await get(bucket) }

        // Four times each until the budget of a hundred repeats is spent.
        #expect(script.requests.count == 200)
    }

    @Test func `successful calls refill the retry budget`() async throws {
        let trouble = (503, [(name: String, value: String)](), "")
        let script = Script(
            (0..<100).map { _ in trouble } + (0..<20).map { _ in Self.ok } + [trouble])
        let bucket = try bucket(script)
        for _ in 0..<25 { _ = try? await get(bucket) }
        let before = script.requests.count

        for _ in 0..<20 { _ = try await get(bucket) }
        _ = try? await get(bucket)

        // 75 of 100 repeats are spent, and 20 calls give back four of them.
        #expect(before == 100)
        #expect(script.requests.count == 124)
    }

    // MARK: Credentials

    private static let endpoint = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/role",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t0",
    ]

    private static func lease(_ id: String, until: String) -> (
        Int, [(name: String, value: String)], String
    ) {
        (
            200, [],
            #"{"AccessKeyId":"\#(id)","SecretAccessKey":"s","Token":"t","Expiration":"\#(until)"}"#
        )
    }

    @Test func `container credentials are fetched once and renewed before they expire`()
        async throws
    {
        // 2023-11-14T22:13:20Z, and 55 minutes later.
        let now = LockedValue(1_700_000_000)
        let script = Script([
            Self.lease("one", until: "2023-11-14T23:13:20Z"), Self.ok, Self.ok,
            Self.lease("two", until: "2023-11-15T23:13:20Z"), Self.ok,
        ])
        let bucket = try bucket(script, Self.endpoint) { now.value }

        _ = try await get(bucket)
        _ = try await get(bucket)
        now.set(1_700_000_000 + 3_301)
        _ = try await get(bucket)

        let requests = script.requests
        #expect(requests[0].url == "http://127.0.0.1:9/role")
        #expect(header("Authorization", requests[0]) == "t0")
        let signers = [1, 2, 4].map { header("authorization", requests[$0]) ?? "" }
        #expect(signers.map { $0.contains("Credential=one/") } == [true, true, false])
        #expect(signers[2].contains("Credential=two/"))
        #expect(header("x-amz-security-token", requests[1]) == "t")
    }

    @Test func `old credentials are used while a renewal fails`() async throws {
        let now = LockedValue(1_700_000_000)
        let script = Script([
            Self.lease("one", until: "2023-11-14T23:13:20Z"), Self.ok, (500, [], ""), Self.ok,
            (500, [], ""),
        ])
        let bucket = try bucket(script, Self.endpoint) { now.value }
        _ = try await get(bucket)

        now.set(1_700_000_000 + 3_400)
        _ = try await get(bucket)
        now.set(1_700_000_000 + 3_600)
        await #expect {
            _ = try await get(bucket)
        } throws: { ($0 as? ObjectStoreError)?.code == .unavailable }

        #expect(header("authorization", script.requests[3])?.contains("Credential=one/") == true)
    }

    @Test func `expired credentials are renewed once`() async throws {
        let expired = (
            400, [(name: String, value: String)](), "<Error><Code>ExpiredToken</Code></Error>"
        )
        let script = Script([
            Self.lease("one", until: "2033-11-14T23:13:20Z"), expired,
            Self.lease("two", until: "2033-11-14T23:13:20Z"), Self.ok, expired,
        ])
        let bucket = try bucket(script, Self.endpoint)

        _ = try await get(bucket)
        #expect(header("authorization", script.requests[3])?.contains("Credential=two/") == true)
        await #expect {
            _ = try await get(bucket)
        } throws: { ($0 as? ObjectStoreError)?.code != nil }
    }

    @Test func `concurrent calls fetch credentials once`() async throws {
        let script = Script([Self.lease("one", until: "2033-11-14T23:13:20Z"), Self.ok])
        let bucket = try bucket(script, Self.endpoint)

        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 { group.addTask { _ = try? await get(bucket) } }
        }

        #expect(script.requests.count { $0.url.hasSuffix("/role") } == 1)
    }

    @Test(arguments: [
        "http://169.254.170.2/x", "http://169.254.170.23/x", "http://localhost:1/x",
        "http://[::1]:80/x", "https://anywhere.example/x",
    ])
    func `a credentials URL of this host or with TLS is accepted`(url: String) {
        #expect(throws: Never.self) {
            try S3Configuration(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        }
    }

    @Test(arguments: [
        "http://10.0.0.1/x", "http://169.254.170.2.example/x", "http://localhost.example/x",
        "ftp://localhost/x", "http://127.0.0.1@evil.example/x",
    ])
    func `a credentials URL of another host without TLS is refused`(url: String) {
        #expect(throws: S3ConfigurationError.self) {
            try S3Configuration(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        }
    }

    private func profile(_ credentials: String, _ config: String = "") -> [String: String] {
        let folder = LocalFile.temporaryFolder()
        #expect(LocalFile.write(Array(credentials.utf8), to: folder + "/credentials"))
        #expect(LocalFile.write(Array(config.utf8), to: folder + "/config"))
        return [
            "AWS_SHARED_CREDENTIALS_FILE": folder + "/credentials",
            "AWS_CONFIG_FILE": folder + "/config",
        ]
    }

    @Test(
        arguments: [
            (nil, "Credential=D/"), ("work", "Credential=W/"), ("other", "Credential=O/"),
        ] as [(String?, String)])
    func `a profile's keys are read from the shared files`(
        name: String?, signer: String
    ) async throws {
        var environment = profile(
            """
            # comment
            [default]
            aws_access_key_id = D
            aws_secret_access_key = s
            [work]
            aws_access_key_id=W
              AWS_SECRET_ACCESS_KEY = s2
            aws_session_token = t
            """,
            """
            [profile other]
            aws_access_key_id = O
            aws_secret_access_key = s3
            [profile work]
            aws_access_key_id = not this one
            """)
        if let name { environment["AWS_PROFILE"] = name }
        let script = Script([Self.ok])

        _ = try await get(try bucket(script, environment))

        let request = script.requests.first
        #expect(header("authorization", request)?.contains(signer) == true)
        #expect(header("x-amz-security-token", request) == (name == "work" ? "t" : nil))
    }

    @Test func `a profile without keys is refused by name`() async throws {
        let script = Script([Self.ok])
        var environment = profile("[default]\nregion = x\n")
        environment["AWS_PROFILE"] = "none"
        let bucket = try bucket(script, environment)

        await #expect {
            _ = try await get(bucket)
        } throws: { error in
            let error = error as? ObjectStoreError
            return error?.code == .accessDenied && error?.detail?.contains("none") == true
        }
        #expect(script.requests.isEmpty)
    }

    @Test func `an access key without its secret is refused by name`() {
        #expect {
            _ = try S3Configuration(
                environment: profile("[default]\naws_access_key_id = D\n")
                    .merging(["AWS_ACCESS_KEY_ID": "k"]) { $1 })
        } throws: { "\($0)" == "AWS_SECRET_ACCESS_KEY is not set." }
    }

    // MARK: Deletes and forms

    @Test func `keys that were not deleted are reported, a thousand a call`() async throws {
        let script = Script([
            (
                200, [],
                "<DeleteResult><Error><Key>k1</Key><Code>AccessDenied</Code>"
                    + "<Message>no</Message></Error></DeleteResult>"
            ),
            (200, [], "<DeleteResult/>"),
        ])

        let refused = try await bucket(script).deleteObjects(
            (0..<1_001).map { ObjectKey("k\($0)") })

        #expect(refused.keys.map(\.text) == ["k1"])
        #expect(refused[ObjectKey("k1")]?.code == .accessDenied)
        #expect(script.requests.count == 2)
        #expect(header("content-md5", script.requests[0]) != nil)
    }

    @Test func `a store without POST forms is reported`() async throws {
        let environment = Self.keys.merging([
            "AWS_ENDPOINT_URL_S3": "https://a.r2.cloudflarestorage.com"
        ]) { $1 }
        let upload = PostUpload(key: ObjectKey("a"), contentType: "video/mp4", bytes: 1...2)

        await #expect {
            _ = try await bucket(Script([Self.ok]), environment).presignedPost(
                upload, expiresIn: .seconds(60))
        } throws: { ($0 as? ObjectStoreError)?.serviceCode == "NotImplemented" }
    }
}

/// A value that tests change between calls.
final class LockedValue<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    func set(_ new: Value) { mutex.withLock { $0 = new } }
}
