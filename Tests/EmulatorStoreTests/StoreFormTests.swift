import Crypto
@testable import EmulatorStore
import FoundationEssentials
import Signing
import Testing
import TestSupport
import WallClock

@Suite struct StoreFormTests {
    private static let conditions = """
        {"bucket":"spool"},["starts-with","$key","up/"],{"Content-Type":"text/plain"},\
        ["content-length-range",2,5],{"x-amz-algorithm":"AWS4-HMAC-SHA256"},\
        ["starts-with","$x-amz-credential","key/"]
        """

    /// Posts a browser's form with a valid policy, with changes by the test.
    private func post(
        to store: RunningStore, file: String, changing changes: [String: String] = [:],
        expiration: String = "2999-01-01T00:00:00.000Z"
    ) async -> String {
        let document = "{\"expiration\":\"\(expiration)\",\"conditions\":[\(Self.conditions)]}"
        let policy = Data(document.utf8).base64EncodedString()
        let scope = SigV4.Scope(date: "20261120", region: "us-east-1")
        let key = SigV4.signingKey(secret: "secret", scope: scope)
        var fields = [
            "key": "up/${filename}", "Content-Type": "text/plain", "policy": policy,
            "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": "key/\(scope.text)",
            "x-amz-signature": SigV4.signature(policy, key: key),
        ]
        fields.merge(changes) { $1 }
        var body = ""
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            body += "--B\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        body += "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\a b.txt\"\r\n"
        body += "Content-Type: text/plain\r\n\r\n\(file)\r\n"
        body += "--B\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\nignored\r\n--B--\r\n"
        return await RawConnection.exchange(
            "POST /spool HTTP/1.1\r\nHost: h\r\nOrigin: http://page\r\nConnection: close\r\n"
                + "Content-Type: multipart/form-data; boundary=B\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", port: store.port)
    }

    @Test func `a form that satisfies its policy is stored under the file's name`() async throws {
        try await withStore { store in
            let response = await post(to: store, file: "h\r\n-")
            let read = await store.exchange("GET", "/spool/up/a%20b.txt")
            let events = try await store.events()

            #expect(response.statusLine == "HTTP/1.1 204 No Content")
            #expect(response.contains("Access-Control-Allow-Origin: *\r\n"))
            #expect(read.messageBody == "h\r\n-")
            #expect(read.contains("text/plain"))
            #expect(events == ["ObjectCreated:Post up/a b.txt 4"])
        }
    }

    @Test func `a form that violates its policy stores nothing`() async throws {
        try await withStore { store in
            let codes = [
                await post(to: store, file: "h"), await post(to: store, file: "123456"),
                await post(to: store, file: "hi", changing: ["key": "other"]),
                await post(to: store, file: "hi", changing: ["Content-Type": "text/html"]),
                await post(to: store, file: "hi", changing: ["x-amz-meta-more": "1"]),
                await post(to: store, file: "hi", changing: ["x-amz-signature": "00"]),
                await post(to: store, file: "hi", changing: ["policy": "e30="]),
                await post(to: store, file: "hi", expiration: "2020-01-01T00:00:00.000Z"),
            ].map(\.errorCode)
            let events = try await store.events()

            #expect(
                codes == [
                    "EntityTooSmall", "EntityTooLarge", "AccessDenied", "AccessDenied",
                    "AccessDenied", "SignatureDoesNotMatch", "SignatureDoesNotMatch",
                    "AccessDenied",
                ])
            #expect(events == [])
        }
    }

    @Test func `an upload without its client is removed`() async throws {
        try await withStore { store in
            let temporary = store.folder + "/store/tmp"
            func files() -> [String] {
                (try? FileManager.default.contentsOfDirectory(atPath: temporary)) ?? []
            }
            let now = UnixTime.now().basic
            let scope = SigV4.Scope(date: String(now.prefix(8)), region: "us-east-1")
            let headers = [
                (name: "Host", value: "h"), (name: "x-amz-date", value: now),
                (name: "x-amz-content-sha256", value: "UNSIGNED-PAYLOAD"),
            ]
            let authorization = SigV4.authorization(
                SigV4.CanonicalRequest(
                    method: "PUT", path: "/spool/k", headers: headers,
                    payloadHash: "UNSIGNED-PAYLOAD"), timestamp: now, scope: scope,
                credentials: RunningStore.credentials)
            let connection = RawConnection(port: store.port)
            await connection.send(
                "PUT /spool/k HTTP/1.1\r\nAuthorization: \(authorization)\r\n"
                    + headers.map { "\($0.name): \($0.value)\r\n" }.joined()
                    + "Content-Length: 1000000\r\n\r\n")
            await connection.send([UInt8](repeating: 1, count: 500_000))
            try await eventually("a file in tmp") { !files().isEmpty }

            connection.close()

            try await eventually("an empty tmp") { files().isEmpty }
            let read = await store.exchange("GET", "/spool/k")
            #expect(read.errorCode == "NoSuchKey")
        }
    }
}
