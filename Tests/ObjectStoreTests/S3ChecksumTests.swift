import Crypto
import HTTPTransport
import ObjectStore
import Testing
import WallClock
import TestSupport

/// Checksums that go out with a body and that answers are held to.
@Suite struct S3ChecksumTests {
    private let key = ObjectKey("a")

    private func bucket(_ server: ScriptedServer) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_SUPPORTED",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
        ])
        let clock = S3Clock(
            now: { UnixTime(seconds: 1_700_000_000) }, sleep: { _ in }, random: { 0.5 })
        return S3Bucket(configuration, client: CurlTransport(), clock: clock)
    }

    private static func answer(
        _ body: String = "", status: String = "200 OK", _ headers: String = ""
    ) -> ScriptedServer.Step {
        .send(
            "HTTP/1.1 \(status)\r\nETag: \"e\"\r\n\(headers)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// The catalogue's check values of `123456789`, in base64.
    @Test(arguments: [
        "x-amz-checksum-crc64nvme: rosUhgp5mIg=", "x-amz-checksum-crc32c: 4waSgw==",
        "x-amz-checksum-crc32: y/Q5Jg==",
        "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=",
        "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        // Of parts, not of bytes.
        "x-amz-checksum-crc32: AAAAAA==-2\r\nx-amz-checksum-type: COMPOSITE",
        "x-amz-checksum-crc32: AAAAAA==-2", "x-other: 1",
    ])
    func `an answer that matches its checksum is accepted`(header: String) async throws {
        let server = ScriptedServer([[.request, Self.answer("123456789", header + "\r\n")]])

        let object = try await bucket(server).getObject(
            key, range: nil, ifMatch: nil, bytesMax: 9)

        #expect(object.body == Array("123456789".utf8))
        #expect(server.requests[0].contains("x-amz-checksum-mode: ENABLED\r\n"))
    }

    @Test(arguments: [
        "x-amz-checksum-crc64nvme: rosUhgp5mIg=", "x-amz-checksum-crc32c: 4waSgw==",
        "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=",
    ])
    func `an answer with a wrong checksum is retried, then refused`(header: String) async throws {
        let wrong = Self.answer("12345678x", header + "\r\n")
        let once = ScriptedServer([
            [.request, wrong, .request, Self.answer("123456789", header + "\r\n")]
        ])
        let always = ScriptedServer([
            [.request, wrong, .request, wrong, .request, wrong, .request, wrong]
        ])

        let object = try await bucket(once).getObject(
            key, range: nil, ifMatch: nil, bytesMax: 9)
        #expect(object.body == Array("123456789".utf8))
        await #expect {
            _ = try await bucket(always).getObject(
                key, range: nil, ifMatch: nil, bytesMax: 9)
        } throws: { ($0 as? ObjectStoreError)?.code == .invalidResponse }
        #expect(always.requests.count == 4)
    }

    @Test func `a ranged read requests no checksum`() async throws {
        let server = ScriptedServer([[.request, Self.answer("12", status: "206 Part")]])

        _ = try await bucket(server).getObject(key, range: 0..<2, ifMatch: nil, bytesMax: 9)

        #expect(!server.requests[0].contains("x-amz-checksum-mode"))
    }

    @Test(arguments: [
        ("x-amz-checksum-crc64nvme: rosUhgp5mIg=", true),
        ("x-amz-checksum-crc64nvme: AosUhgp5mIg=", false),
        ("x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=", true),
        ("x-amz-checksum-sha256: AeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=", false),
    ])
    func `a download is compared with the head's checksum`(
        header: String, isRight: Bool
    ) async throws {
        let server = ScriptedServer([
            [
                .request,
                .send(
                    "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\(header)\r\nContent-Length: 9\r\n\r\n"),
                .request, Self.answer("123456789", status: "206 Part"),
            ]
        ])
        let path = LocalFile.temporaryFolder() + "/file"

        let bucket = try bucket(server)
        do {
            _ = try await bucket.downloadObject(key, ifMatch: nil, toFile: path)
            #expect(isRight)
        } catch {
            #expect(error.code == .invalidResponse && !isRight)
        }
        #expect(LocalFile.read(path) == (isRight ? Array("123456789".utf8) : nil))
    }

    @Test func `a put of bytes has its checksum in a header`() async throws {
        let server = ScriptedServer([[.request, Self.answer()]])

        try await bucket(server).putObject(
            .bytes(Array("123456789".utf8)), at: key, options: PutOptions())

        #expect(server.requests[0].contains("x-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n"))
        #expect(server.requests[0].hasSuffix("\r\n\r\n123456789"))
    }

    @Test func `a put of a file has its checksum in a trailer`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write(Array("x123456789y".utf8), to: path))
        let server = ScriptedServer([[.request, Self.answer()]])

        try await bucket(server).putObject(
            .file(path: path, offset: 1, bytes: 9), at: key, options: PutOptions())

        let request = server.requests[0]
        #expect(request.contains("content-encoding: aws-chunked\r\n"))
        #expect(request.contains("x-amz-decoded-content-length: 9\r\n"))
        #expect(request.contains("x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"))
        #expect(
            request.hasSuffix(
                "\r\n\r\n9\r\n123456789\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n"))
    }

    @Test func `a truncated file is not sent as complete`() async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write([1, 2, 3], to: path))
        let server = ScriptedServer([[.request]])

        await #expect {
            try await bucket(server).putObject(
                .file(path: path, offset: 0, bytes: 9), at: key, options: PutOptions())
        } throws: { ($0 as? ObjectStoreError)?.code == .localFile }
    }

    @Test func `another store gets no checksum by default`() throws {
        func policies(_ more: [String: String]) throws -> [ChecksumPolicy] {
            let keys = ["AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"]
            let configuration = try S3Configuration(environment: keys.merging(more) { $1 })
            return [configuration.requestChecksums, configuration.responseChecksums]
        }

        #expect(try policies([:]) == [.whenSupported, .whenSupported])
        #expect(
            try policies(["AWS_ENDPOINT_URL": "https://x"]) == [.whenRequired, .whenRequired])
        #expect(
            try policies(["AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"])
                == [.whenRequired, .whenSupported])
        #expect {
            _ = try policies(["AWS_RESPONSE_CHECKSUM_VALIDATION": "never"])
        } throws: {
            "\($0)"
                == "AWS_RESPONSE_CHECKSUM_VALIDATION is not when_supported or when_required: never."
        }
    }
}
