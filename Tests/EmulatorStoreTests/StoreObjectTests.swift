import EmulatorDatabase
import ObjectStore
import TestSupport
import Testing

@testable import EmulatorStore

@Suite struct StoreObjectTests {
    @Test func `keys that look like paths stay distinct`() async throws {
        try await withStore { store in
            let bucket = try store.bucket()
            let keys = [
                "..", "../../etc/passwd", "a", "a/", "a/b", "A", ".", "/lead", "//x", "100%",
                "a b+c",
                "ключ", String(repeating: "x", count: 1_024),
            ]
            for key in keys {
                try await bucket.putObject(
                    .bytes(Array(key.utf8)), at: ObjectKey(key), options: PutOptions())
            }

            for key in keys {
                let object = try await bucket.getObject(
                    ObjectKey(key), range: nil, ifMatch: nil, bytesMax: 2_000)
                #expect(object.body == Array(key.utf8))
            }
            let listed = try await bucket.listAllObjects(prefix: "").map(\.key.text)
            #expect(listed == keys.sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) })
        }
    }

    @Test(arguments: [0, 16 << 10]) func `one of 32 conditional puts wins`(
        inlineBytesMax: Int
    ) async throws {
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, inlineBytesMax: inlineBytesMax) { store in
                let bucket = try store.bucket()
                let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
                    for number in 0..<32 {
                        group.addTask {
                            do {
                                try await bucket.putObject(
                                    .bytes(Array("\(number)".utf8)), at: ObjectKey("race"),
                                    options: PutOptions(condition: .ifAbsent))
                                return number
                            } catch let error as ObjectStoreError
                                where error.code == .preconditionFailed
                            {
                                return nil
                            }
                        }
                    }
                    return try await group.reduce(into: [Int]()) { winners, number in
                        if let number { winners.append(number) }
                    }
                }

                #expect(winners.count == 1)
                let object = try await bucket.getObject(
                    ObjectKey("race"), range: nil, ifMatch: nil, bytesMax: 2)
                #expect(object.body == Array("\(winners[0])".utf8))
                #expect(
                    try await store.store.blobs.all().count == (inlineBytesMax == 0 ? 1 : 0))
                let events = try await store.events()
                #expect(events == ["ObjectCreated:Put race \(object.body.count)"])
            }
        }
    }

    @Test func `every change appends one event, in order`() async throws {
        try await withStore { store in
            let bucket = try store.bucket()
            let key = ObjectKey("a ü")
            try await bucket.putObject(.bytes([1, 2]), at: key, options: PutOptions())
            try await bucket.putObject(.bytes([1]), at: key, options: PutOptions())
            _ = await store.exchange(
                "PUT", "/spool/copy", headers: [("x-amz-copy-source", "/spool/a%20%C3%BC")])
            let upload = try await bucket.createMultipartUpload(
                ObjectKey("m"), options: PutOptions())
            let part = try await bucket.uploadPart(
                .bytes([9, 9, 9]), number: 4, of: ObjectKey("m"), uploadID: upload)
            _ = try await bucket.completeMultipartUpload(
                ObjectKey("m"), uploadID: upload,
                parts: [part], condition: nil)
            try await bucket.deleteObject(key)
            try await bucket.deleteObject(key)

            #expect(
                try await store.events() == [
                    "ObjectCreated:Put a ü 2", "ObjectCreated:Put a ü 1",
                    "ObjectCreated:Copy copy 1",
                    "ObjectCreated:CompleteMultipartUpload m 3", "ObjectRemoved:Delete a ü 0",
                ])
            let sequencers = try await store.database.read { connection in
                try ObjectEventOutbox.oldest(limit: 9, in: connection).map(\.sequencer)
            }
            #expect(sequencers == sequencers.sorted() && Set(sequencers).count == 5)
            #expect(store.eventWakeUps.value >= 5)
        }
    }

    @Test func `objects and events survive a restart, and leftovers do not`() async throws {
        try await withTemporaryFolder { folder in
            let large = [UInt8](repeating: 7, count: 100_000)
            try await withStore(in: folder) { store in
                let bucket = try store.bucket()
                try await bucket.putObject(.bytes(large), at: ObjectKey("l"), options: PutOptions())
                try await bucket.putObject(.bytes([1]), at: ObjectKey("s"), options: PutOptions())
                // The leftover of a crash: a body that was durable before its transaction.
                let half = try TemporaryBlob(store.store.blobs)
                try half.write([1, 2, 3])
                try await half.publish()
                #expect(try await store.store.blobs.all().count == 2)
            }

            try await withStore(in: folder) { store in
                let bucket = try store.bucket()
                let object = try await bucket.getObject(
                    ObjectKey("l"), range: nil, ifMatch: nil, bytesMax: 100_000)
                #expect(object.body == large)
                #expect(try await bucket.listAllObjects(prefix: "").map(\.key.text) == ["l", "s"])
                #expect(try await store.store.blobs.all().count == 1)
                #expect(try await store.events().count == 2)
                #expect(store.log.value.count == 1)
                #expect(store.log.value.first?.contains("\"blobsRemoved\":1") == true)
            }
        }
    }

    @Test func `a replaced body is removed after its grace`() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, inlineBytesMax: 0, deletionGrace: .zero) { store in
                let bucket = try store.bucket()
                for number: UInt8 in 0..<3 {
                    try await bucket.putObject(
                        .bytes([number]), at: ObjectKey("k"), options: PutOptions())
                }
                #expect(try await store.store.blobs.all().count == 3)

                try await store.store.tidy()

                #expect(try await store.store.blobs.all().count == 1)
            }
        }
    }

    @Test func `a presigned PUT and GET work without credentials`() async throws {
        try await withStore { store in
            let bucket = try store.bucket()
            let key = ObjectKey("up/ü b.txt")
            let put = try await bucket.presignedURL(
                .put(key, contentType: "text/plain", contentLength: 2), expiresIn: .seconds(60),
                audience: .client)
            let get = try await bucket.presignedURL(
                .get(key, downloadName: "b.txt"), expiresIn: .seconds(60), audience: .client)
            func target(_ url: String) -> String {
                "/" + url.split(separator: "/", maxSplits: 2)[2]
            }
            let stored = await RawConnection.exchange(
                "PUT \(target(put)) HTTP/1.1\r\nHost: 127.0.0.1:\(store.port)\r\n"
                    + "Content-Type: text/plain\r\nContent-Length: 2\r\nOrigin: http://page\r\n"
                    + "Connection: close\r\n\r\nhi", port: store.port)
            let longer = await RawConnection.exchange(
                "PUT \(target(put)) HTTP/1.1\r\nHost: 127.0.0.1:\(store.port)\r\n"
                    + "Content-Type: text/plain\r\nContent-Length: 3\r\n"
                    + "Connection: close\r\n\r\nhi!",
                port: store.port)
            let read = await RawConnection.exchange(
                "GET \(target(get)) HTTP/1.1\r\nHost: 127.0.0.1:\(store.port)\r\n"
                    + "Connection: close\r\n\r\n", port: store.port)

            #expect(stored.statusLine == "HTTP/1.1 200 OK")
            #expect(stored.contains("Access-Control-Allow-Origin: *\r\n"))
            #expect(longer.errorCode == "SignatureDoesNotMatch")
            #expect(read.messageBody == "hi")
            #expect(
                read.lowercased().contains("content-disposition: attachment; filename=\"b.txt\""))
        }
    }
}
