import Crypto
import EmulatorHTTP
@testable import EmulatorStore
import Signing
import Testing
import TestSupport
import WallClock

@Suite struct StoreSignatureTests {
    @Test func `a request without a signature is refused with S3's error`() async throws {
        try await withStore { store in
            let response = await RawConnection.exchange(
                "GET /spool/k HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: store.port)

            #expect(response.statusLine == "HTTP/1.1 403 Forbidden")
            #expect(response.errorCode == "AccessDenied")
            #expect(response.contains("<RequestId>"))
        }
    }

    @Test(arguments: [(-16 * 60, false), (-14 * 60, true), (14 * 60, true), (16 * 60, false)])
    func `a clock may be wrong by 15 minutes`(offset: Int, isGood: Bool) async throws {
        try await withStore { store in
            let response = await store.exchange(
                "PUT", "/spool/k", body: "x", signedAt: .now() + .seconds(offset))

            #expect(response.errorCode == (isGood ? nil : "RequestTimeTooSkewed"))
        }
    }

    @Test func `a body that differs from its hash or checksum is refused`() async throws {
        try await withStore { store in
            let cases: [([(name: String, value: String)], String?, String)] = [
                ([], sha256Hex("other"), "XAmzContentSHA256Mismatch"),
                ([], "nonsense", "InvalidArgument"),
                ([("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")], nil, "BadDigest"),
                ([("Content-MD5", "short")], nil, "InvalidDigest"),
                ([("x-amz-checksum-crc32", "AAAAAA==")], nil, "BadDigest"),
                ([("x-amz-checksum-sha256", "AAAAAA==")], nil, "BadDigest"),
            ]
            for (headers, hash, code) in cases {
                let response = await store.exchange(
                    "PUT", "/spool/k", headers: headers, body: "body", payloadHash: hash)
                #expect(response.errorCode == code)
            }
            let read = await store.exchange("GET", "/spool/k")
            #expect(read.errorCode == "NoSuchKey")
            let events = try await store.events()
            #expect(events == [])
        }
    }

    @Test func `an amazon header that is not signed is refused`() async throws {
        let head = RequestHead(
            method: "GET", path: "/spool",
            headers: [
                "Host": "h", "x-amz-date": "20130524T000000Z", "x-amz-acl": "private",
                "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
                "Authorization":
                    "AWS4-HMAC-SHA256 Credential=k/20130524/us-east-1/s3/aws4_request, "
                    + "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=00",
            ])
        let authentication = Authentication(
            credentials: [StoreCredentials(accessKeyID: "k", secretAccessKey: "s")],
            region: "us-east-1", now: { UnixTime(seconds: 1_369_353_600) })

        let error = #expect(throws: S3Error.self) {
            try authentication.check(try S3Request(head, requestID: "r"))
        }
        #expect(error?.code == .accessDenied)
        #expect(error?.details.first?.1 == "x-amz-acl")
    }

    /// S3 API Reference, "Signature calculations: transferring payload in
    /// multiple chunks", the worked example.
    @Test func `the published chunk signatures are accepted and no others`() throws {
        let key = SigV4.signingKey(
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            scope: SigV4.Scope(date: "20130524", region: "us-east-1"))
        let chain = SignatureChain(
            signingKey: key, date: "20130524T000000Z",
            scope: "20130524/us-east-1/s3/aws4_request",
            previous: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
        let frames = [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ]
        var stream: [UInt8] = []
        for (size, signature) in frames {
            stream += "\(String(size, radix: 16));chunk-signature=\(signature)\r\n".utf8
            stream += [UInt8](repeating: UInt8(ascii: "a"), count: size)
            stream += "\r\n".utf8
        }

        #expect(try decoded(stream, chain, step: 1_000) == 66_560)
        #expect(try decoded(stream, chain, step: stream.count) == 66_560)
        var forged = stream
        forged[100] = UInt8(ascii: "b")
        let error = #expect(throws: S3Error.self) { try decoded(forged, chain, step: 4_096) }
        #expect(error?.code == .signatureDoesNotMatch)
    }

    @Test func `an unsigned stream with a trailer is decoded byte by byte`() throws {
        let stream = Array("3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n".utf8)
        var decoder = ChunkedDecoder(chain: nil, hasTrailer: true)
        var data: [UInt8] = []
        for byte in stream {
            try withUnsafeBytes(of: byte) { bytes in
                try decoder.decode(bytes) { data.append(contentsOf: $0) }
            }
        }

        #expect(String(decoding: data, as: UTF8.self) == "abcde")
        #expect(decoder.isComplete)
        #expect(decoder.trailers.map(\.value) == ["AA=="])
    }

    private func decoded(
        _ stream: [UInt8], _ chain: SignatureChain, step: Int
    ) throws -> Int {
        var decoder = ChunkedDecoder(chain: chain, hasTrailer: false)
        var count = 0
        for start in stride(from: 0, to: stream.count, by: step) {
            let piece = stream[start..<min(stream.count, start + step)]
            try piece.withUnsafeBytes { bytes in
                try decoder.decode(bytes) { count += $0.count }
            }
        }
        #expect(decoder.isComplete)
        return count
    }
}
