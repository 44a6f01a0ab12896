import Crypto
import Foundation
import HTTPTransport
import ObjectStore
import Testing
import TestSupport

private let environment = ProcessInfo.processInfo.environment

/// The contract on a store of your choice:
/// `SPOOL_TEST_S3_URL=https://host SPOOL_BUCKET=b AWS_ACCESS_KEY_ID=… swift test --filter RealStore`
///
/// Every rule has its own prefix, which is emptied after it.
@Suite(.enabled(if: environment["SPOOL_TEST_S3_URL"] != nil)) struct RealStoreTests {

    private func bucket() throws -> S3Bucket {
        var environment = environment
        environment["AWS_ENDPOINT_URL_S3"] = environment["SPOOL_TEST_S3_URL"]
        return S3Bucket(
            try S3Configuration(environment: environment), client: CurlTransport(),
            clock: .live)
    }

    @Test(arguments: BucketContract.rules)
    func `a real store keeps the bucket contract`(rule: BucketRule) async throws {
        let bucket = try bucket()
        let prefix = "spool-contract/\(hex(randomBytes(count: 8)))/"
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await rule.check(bucket, prefix))
        } catch {
            outcome = .failure(error)
        }
        for object in try await bucket.listAllObjects(prefix: prefix) {
            try await bucket.deleteObject(object.key)
        }
        try outcome.get()
    }

    @Test func `a real store accepts presigned URLs`() async throws {
        let (bucket, client) = (try bucket(), CurlTransport())
        let key = ObjectKey("spool-contract/\(hex(randomBytes(count: 8)))/a b+ä")
        func send(
            _ method: String, _ request: PresignedRequest,
            _ headers: [(name: String, value: String)], _ body: HTTPRequestBody
        ) async throws -> HTTPResponse {
            let url = try await bucket.presignedURL(
                request, expiresIn: .seconds(60), audience: .client)
            return try await client.send(
                HTTPRequest(method: method, url: url, headers: headers, body: body))
        }

        let put = try await send(
            "PUT", .put(key, contentType: "text/plain", contentLength: 5),
            [("content-type", "text/plain")], .bytes(Array("hello".utf8)))
        let get = try await send("GET", .get(key, downloadName: "é.txt"), [], .none)
        try await bucket.deleteObject(key)

        #expect(put.status == 200)
        #expect(get.status == 200)
        #expect(get.body == Array("hello".utf8))
        #expect(
            get["Content-Disposition"]
                == "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt")
    }
}
