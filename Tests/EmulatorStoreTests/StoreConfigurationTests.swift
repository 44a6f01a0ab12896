import EmulatorDatabase
@testable import EmulatorStore
import ObjectStore
import Synchronization
import Testing
import TestSupport
import WallClock
import XMLTree

/// Configurations of buckets: CORS, lifecycle, tags.
@Suite(.timeLimit(.minutes(1)))
struct StoreConfigurationTests {
    private static let day = Duration.seconds(86_400)

    @Test(arguments: [
        ("https://a.example.com", "https://*.example.com", true),
        ("https://example.com", "https://*.example.com", false),
        ("https://a.example.com", "*", true), ("x", "x", true), ("xy", "x", false),
        ("http://127.0.0.1:80", "http://127.0.0.1:*", true), ("ab", "ab*b", false),
    ])
    func `one star matches any text`(text: String, pattern: String, isMatch: Bool) {
        #expect(BucketCORS.matches(text, pattern) == isMatch)
    }

    @Test func `tags survive being written and read`() throws {
        let tags = try TagSet(header: "a%20b=%C3%BC&c=&d=1%262")

        #expect(
            tags.tags == [
                .init(key: "a b", value: "ü"), .init(key: "c", value: ""),
                .init(key: "d", value: "1&2"),
            ])
        #expect(try TagSet(header: tags.header) == tags)
    }

    @Test(arguments: ["a=1&a=2", "=1", "%zz=1"])
    func `a malformed header of tags is refused`(header: String) {
        #expect(throws: S3Error.self) { try TagSet(header: header) }
    }

    @Test func `a lifecycle rule deletes expired objects with their events, and nothing else`()
        async throws
    {
        let clock = SharedValue(UnixTime.now())
        let start = clock.value
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, now: { clock.value }) { store in
                let bucket = try store.bucket()
                for key in ["tmp/a", "tmp/b", "keep/a"] {
                    try await bucket.putObject(
                        .bytes([1]), at: ObjectKey(key), options: PutOptions())
                }
                let upload = try await bucket.createMultipartUpload(
                    ObjectKey("tmp/parts"), options: PutOptions())
                let response = await store.exchange(
                    "PUT", "/spool", query: [("lifecycle", "")],
                    body: "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter>"
                        + "<Prefix>tmp/</Prefix></Filter><Expiration><Days>7</Days></Expiration>"
                        + "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1"
                        + "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
                        + "<Rule><Status>Disabled</Status><Filter><Prefix>keep/</Prefix></Filter>"
                        + "<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>")
                #expect(response.hasPrefix("HTTP/1.1 200 OK"))

                clock.update { $0 = start + Self.day * 6 }
                try await store.store.tidy()
                clock.update { $0 = start }
                #expect(try await bucket.listAllObjects(prefix: "").count == 3)
                await #expect(throws: ObjectStoreError.self) {
                    try await bucket.listParts(of: ObjectKey("tmp/parts"), uploadID: upload)
                }

                clock.update { $0 = start + Self.day * 8 }
                try await store.store.tidy()
                clock.update { $0 = start }
                let left = try await bucket.listAllObjects(prefix: "").map(\.key.text)
                #expect(left == ["keep/a"])
                let events = try await store.events().suffix(2)
                #expect(
                    events == ["ObjectRemoved:Delete tmp/a 0", "ObjectRemoved:Delete tmp/b 0"])
            }
        }
    }

    @Test func `CORS rules survive a restart and are deleted with their bucket`()
        async throws
    {
        let rules =
            "<CORSConfiguration><CORSRule><AllowedOrigin>https://a</AllowedOrigin>"
            + "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
        try await withTemporaryFolder { folder in
            try await withStore(in: folder) { store in
                _ = await store.exchange("PUT", "/other")
                let response = await store.exchange(
                    "PUT", "/other", query: [("cors", "")], body: rules)
                #expect(response.hasPrefix("HTTP/1.1 200 OK"))
            }
            try await withStore(in: folder) { store in
                #expect(store.store.bucketCORS.withLock { $0["other"]?.rules.count } == 1)
                _ = await store.exchange("DELETE", "/other")
                #expect(store.store.bucketCORS.withLock { $0.isEmpty })
            }
        }
    }
}
