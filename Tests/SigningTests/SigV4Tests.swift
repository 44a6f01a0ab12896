import Crypto
import Signing
import Testing
import WallClock

/// The examples of the S3 API Reference ("Authenticating Requests: Using the
/// Authorization Header" and "Using Query Parameters").
@Suite struct SigV4Tests {
    private let credentials = SigV4.Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    private let scope = SigV4.Scope(date: "20130524", region: "us-east-1")
    private let timestamp = "20130524T000000Z"
    private let host = "examplebucket.s3.amazonaws.com"
    private static let emptyHash =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private func signature(_ request: SigV4.CanonicalRequest) -> String {
        SigV4.signature(
            SigV4.stringToSign(request, timestamp: timestamp, scope: scope),
            key: SigV4.signingKey(secret: credentials.secretAccessKey, scope: scope))
    }

    @Test func `a ranged get is signed as published`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/test.txt",
            headers: [
                ("Host", host), ("Range", "bytes=0-9"),
                ("x-amz-content-sha256", Self.emptyHash), ("x-amz-date", timestamp),
            ],
            payloadHash: Self.emptyHash)

        #expect(
            signature(request)
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            SigV4.authorization(
                request, timestamp: timestamp, scope: scope, credentials: credentials)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                + "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `a put is signed as published`() {
        let body = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        let request = SigV4.CanonicalRequest(
            method: "PUT", path: "/" + uriEncode("test$file.text", keepingSlash: true),
            headers: [
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("Host", host),
                ("x-amz-content-sha256", body), ("x-amz-date", timestamp),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payloadHash: body)

        #expect(
            signature(request)
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `a listing is signed as published`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")],
            headers: [
                ("Host", host), ("x-amz-content-sha256", Self.emptyHash),
                ("x-amz-date", timestamp),
            ],
            payloadHash: Self.emptyHash)

        #expect(
            signature(request)
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func `a bare query name is signed as published`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/", query: [("lifecycle", "")],
            headers: [
                ("Host", host), ("x-amz-content-sha256", Self.emptyHash),
                ("x-amz-date", timestamp),
            ],
            payloadHash: Self.emptyHash)

        #expect(
            signature(request)
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    /// AWS General Reference, "Examples of how to derive a signing key".
    @Test func `a signing key is derived as published`() {
        let key = SigV4.signingKey(
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            scope: SigV4.Scope(date: "20120215", region: "us-east-1", service: "iam"))

        #expect(hex(key) == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
    }

    @Test func `a canonical request has one form`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/a%20b/%C3%A4",
            query: [("b", "2"), ("a", "ä &"), ("a-", ""), ("a", " ")],
            headers: [("X-Amz-Meta", "  two   words "), ("host", "h:1")], payloadHash: "UNSIGNED")

        #expect(
            request.text == """
                GET
                /a%20b/%C3%A4
                a=%20&a=%C3%A4%20%26&a-=&b=2
                host:h:1
                x-amz-meta:two words

                host;x-amz-meta
                UNSIGNED
                """)
    }

    @Test func `a session token is signed with the URL`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/", headers: [("host", host)], payloadHash: "")
        func query(_ token: String?) -> [(name: String, value: String)] {
            SigV4.presignedQuery(
                request, timestamp: timestamp, scope: scope,
                credentials: SigV4.Credentials(
                    accessKeyID: "a", secretAccessKey: "s", sessionToken: token),
                expiresIn: .seconds(1))
        }

        #expect(query("t+").contains { $0 == ("X-Amz-Security-Token", "t+") })
        #expect(Set([query(nil), query("t"), query("u")].map { $0.last?.value }).count == 3)
    }

    @Test func `a presigned get is signed as published`() {
        let query = SigV4.presignedQuery(
            SigV4.CanonicalRequest(
                method: "GET", path: "/test.txt", headers: [("host", host)], payloadHash: ""),
            timestamp: timestamp, scope: scope, credentials: credentials,
            expiresIn: .seconds(86_400))

        #expect(
            query.last?.value
                == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
        #expect(
            query.map(\.name).prefix(5) == [
                "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                "X-Amz-SignedHeaders",
            ])
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (1_369_353_600, "20130524T000000Z"),
        (951_827_696, "20000229T123456Z"), (4_107_542_399, "21000228T235959Z"),
    ])
    func `a timestamp survives a round trip through seconds`(seconds: Int, text: String) {
        #expect(UnixTime(seconds: seconds).basic == text)
        #expect(UnixTime(basic: text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "20130524T000000", "2013O524T000000Z", "20131324T000000Z",
        "20130524T240000Z",
    ])
    func `an invalid timestamp has no seconds`(text: String) {
        #expect(UnixTime(basic: text)?.seconds == nil)
    }
}
