import TestSupport
import ChildProcess
import Crypto
import EmulatorHTTP
@testable import EmulatorLambda
import Foundation
import Signing
import Testing
import WallClock

@Suite(.timeLimit(.minutes(1)))
struct LambdaStreamTests {
    /// Writes from a thread of its own, as a runtime's connection does.
    private func write(_ chunks: Int, of bytes: Int, to stream: ResponseBodyStream) -> Task<
        Int, Never
    > {
        Task {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    let chunk = [UInt8](repeating: 7, count: bytes)
                    let taken = (0..<chunks).count { _ in
                        chunk.withUnsafeBytes { stream.write($0) }
                    }
                    stream.finish(.complete)
                    continuation.resume(returning: taken)
                }
            }
        }
    }

    @Test func `a writer waits for its reader and nothing is lost`() async throws {
        let stream = ResponseBodyStream(contentType: nil)
        let writer = write(100, of: 100_000, to: stream)

        var count = 0
        while let bytes = try await stream.next() { count += bytes.count }

        #expect(count == 10_000_000)
        #expect(await writer.value == 100)
    }

    @Test func `a writer continues when its reader has left`() async throws {
        let stream = ResponseBodyStream(contentType: nil)
        let writer = write(100, of: 100_000, to: stream)
        _ = try await stream.next()

        stream.abandon()

        #expect(await writer.value == 100)
    }

    @Test func `a stream fails after the bytes before its error are read`() async throws {
        let stream = ResponseBodyStream(contentType: nil)
        _ = [UInt8]("abc".utf8).withUnsafeBytes { stream.write($0) }
        let failure = InvocationFailure(type: "Function.Broken", message: "half way")
        stream.finish(.failed(failure))

        #expect(try await stream.next() == Array("abc".utf8))
        let error = await #expect(throws: ResponseBodyStream.Broken.self) {
            try await stream.next()
        }
        #expect(error?.failure == failure)
    }

    @Test func `a collected answer above the limit fails`() async {
        let stream = ResponseBodyStream(contentType: nil)
        let writer = write(3, of: 1_000, to: stream)

        guard case .failed(let failure) = await stream.collected(bytesMax: 2_000) else {
            Issue.record("it did not fail")
            return
        }

        #expect(failure.type == "Function.ResponseSizeTooLarge")
        #expect(await writer.value == 3)
    }

    @Test(arguments: [
        ([:], ResponseBodyStream.End.complete),
        (
            [
                "Lambda-Runtime-Function-Error-Type": "Function.Broken",
                "Lambda-Runtime-Function-Error-Body": "e30=",
            ],
            .failed(InvocationFailure(type: "Function.Broken", payload: Array("{}".utf8)))
        ),
        (
            ["Lambda-Runtime-Function-Error-Type": "not a type"],
            .failed(
                InvocationFailure(
                    type: "Runtime.UnknownReason", message: "The function failed while streaming."))
        ),
    ])
    func `trailers report the outcome of a response`(
        trailers: [String: String], end: ResponseBodyStream.End
    ) {
        let consumer = ResponseConsumer(
            requestID: "r", stream: ResponseBodyStream(contentType: nil), onBroken: {})

        consumer.finish(trailers: HeaderFields(trailers.map { ($0.key, $0.value) }))

        #expect(consumer.end == end)
    }

    @Test func `an event stream message has its lengths and both checksums`() {
        let message = EventStreamMessage(
            event: "PayloadChunk", contentType: "a/b", payload: Array("hi".utf8))

        let bytes = message.bytes
        var whole = RunningCRC(.crc32)
        bytes.dropLast(4).withUnsafeBytes { whole.update($0) }

        #expect(bytes.prefix(4) == [0, 0, 0, UInt8(bytes.count)])
        #expect(Int(bytes[7]) == bytes.count - 16 - 2)
        #expect(Array(bytes.suffix(4)) == whole.value)
        #expect(bytes.suffix(6).prefix(2) == Array("hi".utf8)[...])
    }
}

struct LambdaSignatureTests {
    private static let credentials = SigV4.Credentials(
        accessKeyID: "key", secretAccessKey: "secret")
    private static let scope = SigV4.Scope(
        date: "20261121", region: "us-east-1", service: "lambda")
    private static let timestamp = "20261121T120000Z"

    private func check(
        _ head: RequestHead, body: String, after delay: Duration = .zero
    ) -> Result<SignedCaller, SignatureFault> {
        let signed = UnixTime(basic: Self.timestamp) ?? 0
        let signature = RequestSignature(
            credentials: Self.credentials, now: { signed + delay })
        do {
            return .success(try signature.caller(of: head, body: Array(body.utf8)))
        } catch {
            return .failure(error)
        }
    }

    private func head(
        path: String = "/fn/a/x%20y", signedPath: String = "/fn/a/x%2520y",
        body: String = "{}", credentials: SigV4.Credentials = credentials,
        scope: SigV4.Scope = scope
    ) -> RequestHead {
        let request = SigV4.CanonicalRequest(
            method: "POST", path: signedPath, query: [("q", "1 2")],
            headers: [("host", "h"), ("x-amz-date", Self.timestamp)],
            payloadHash: hex(sha256(body.utf8)))
        let header = SigV4.authorization(
            request, timestamp: Self.timestamp, scope: scope, credentials: credentials)
        return RequestHead(
            method: "POST", path: path, query: "q=1%202",
            headers: ["Host": "h", "X-Amz-Date": Self.timestamp, "Authorization": header])
    }

    @Test(arguments: ["/fn/a/x%20y", "/fn/a/x%2520y"])
    func `a good signature names its caller, however the path was encoded`(path: String) throws {
        let caller = try check(head(signedPath: path), body: "{}").get()

        #expect(caller.accessKeyID == "key")
        #expect(caller.userARN == "arn:aws:iam::000000000000:user/key")
    }

    @Test func `a change of any signed part is refused`() {
        var other = head()
        other.query = "q=2"
        var unsigned = head()
        unsigned.headers = ["Host": "h"]
        let wrongKey = SigV4.Credentials(accessKeyID: "key", secretAccessKey: "other")
        let stranger = SigV4.Credentials(accessKeyID: "who", secretAccessKey: "secret")
        let store = SigV4.Scope(date: "20261121", region: "us-east-1")

        #expect(check(head(), body: "{ }") == .failure(.mismatch))
        #expect(check(other, body: "{}") == .failure(.mismatch))
        #expect(check(head(credentials: wrongKey), body: "{}") == .failure(.mismatch))
        #expect(check(head(credentials: stranger), body: "{}") == .failure(.unknownKey))
        #expect(check(head(scope: store), body: "{}") == .failure(.malformed))
        #expect(check(unsigned, body: "{}") == .failure(.missing))
        #expect(check(head(), body: "{}", after: .seconds(301)) == .failure(.expired))
        #expect(check(head(), body: "{}", after: .seconds(-301)) == .failure(.expired))
    }

    @Test func `a signed link is valid until it expires`() {
        let request = SigV4.CanonicalRequest(
            method: "GET", path: "/fn/a/", headers: [("host", "h")], payloadHash: "")
        // The body of a link is unsigned at other services; at Lambda it is empty.
        var empty = request
        empty.query = [
            ("X-Amz-Algorithm", SigV4.algorithm),
            ("X-Amz-Credential", "key/\(Self.scope.text)"), ("X-Amz-Date", Self.timestamp),
            ("X-Amz-Expires", "60"), ("X-Amz-SignedHeaders", "host"),
        ]
        empty.payloadHash = hex(sha256([]))
        let key = SigV4.signingKey(secret: "secret", scope: Self.scope)
        let signature = SigV4.signature(
            SigV4.stringToSign(empty, timestamp: Self.timestamp, scope: Self.scope), key: key)
        let head = RequestHead(
            method: "GET", path: "/fn/a/",
            query: empty.canonicalQuery + "&X-Amz-Signature=\(signature)", headers: ["Host": "h"])

        #expect((try? check(head, body: "", after: .seconds(60)).get()) != nil)
        #expect(check(head, body: "", after: .seconds(61)) == .failure(.expired))
    }
}
