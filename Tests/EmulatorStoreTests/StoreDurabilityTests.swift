import EmulatorDatabase
@testable import EmulatorStore
import Foundation
import Glibc
import ObjectStore
import Testing
import TestSupport
import WallClock

/// The store keeps bodies unchanged, or reports the damage.
@Suite struct StoreDurabilityTests {
    private let key = ObjectKey("a")

    private func body(_ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    }

    /// Three parts of 5 MiB, 5 MiB and three bytes.
    private func putInParts(_ store: RunningStore) async throws -> [UInt8] {
        let bucket = try store.bucket(checksums: .whenSupported)
        let parts = [body(5 << 20), body((5 << 20) + 7), [1, 2, 3]]
        let id = try await bucket.createMultipartUpload(key, options: PutOptions())
        var uploaded: [UploadedPart] = []
        for (index, part) in parts.enumerated() {
            uploaded.append(
                try await bucket.uploadPart(
                    .bytes(part), number: index + 1, of: key, uploadID: id))
        }
        _ = try await bucket.completeMultipartUpload(
            key, uploadID: id, parts: uploaded, condition: nil)
        return parts.flatMap { $0 }
    }

    private func files(_ store: RunningStore) throws -> [String] {
        let data = store.folder + "/store/data"
        return try FileManager.default.subpathsOfDirectory(atPath: data)
            .filter { $0.utf8.count > 3 }.map { "\(data)/\($0)" }.sorted()
    }

    @Test func `a multipart object keeps the files of its parts`() async throws {
        try await withStore { store in
            let whole = try await putInParts(store)
            let bucket = try store.bucket()

            #expect(try files(store).count == 3)
            for range in [
                0..<whole.count, 5..<((5 << 20) + 9), ((5 << 20) - 1)..<(5 << 20),
                (10 << 20)..<whole.count, (whole.count - 1)..<whole.count,
            ] {
                let got = try await bucket.getObject(
                    key, range: range, ifMatch: nil, bytesMax: whole.count)
                #expect(got.body == Array(whole[range]), "\(range)")
            }
            try await bucket.copyObject(key, to: ObjectKey("b"), ifMatch: nil)
            let copy = try await bucket.getObject(
                ObjectKey("b"), range: nil, ifMatch: nil, bytesMax: whole.count)
            #expect(copy.body == whole)
        }
    }

    @Test func `the parts of a deleted object are removed after the grace`() async throws {
        try await withTemporaryFolder { folder in
            let now = SharedValue(UnixTime(seconds: 1_700_000_000))
            try await withStore(in: folder, now: { now.value }) { store in
                try await putThreeBlobs(store)
                #expect(try files(store).count == 3)
                try await store.store.upkeep {
                    _ = try $0.delete("spool", Array("a".utf8))
                }
                now.update { $0 = $0 + .seconds(59) }
                try await store.store.tidy()
                #expect(try files(store).count == 3)
                now.update { $0 = $0 + .seconds(2) }
                try await store.store.tidy()
                #expect(try files(store).isEmpty)
            }
        }
    }

    /// Stores three blobs as one object, without a client, whose clock would differ.
    private func putThreeBlobs(_ store: RunningStore) async throws {
        var parts: [(blob: String, bytes: Int)] = []
        for number in 1...3 {
            let id = try await store.store.blobs.assemble(
                .bytes([UInt8](repeating: UInt8(number), count: 4)))
            parts.append((id, 4))
        }
        let object = NewObject(
            bucket: "spool", key: Array("a".utf8), etag: "e-3", bytes: 12, headers: [:],
            body: .pieces(parts), crc64: "", partSizes: [4, 4, 4],
            condition: WritePrecondition(), eventName: "ObjectCreated:Put")
        try await store.store.upkeep { try $0.put(object) }
    }

    @Test func `a blob with a reader is not removed`() async throws {
        try await withTemporaryFolder { folder in
            let now = SharedValue(UnixTime(seconds: 1_700_000_000))
            try await withStore(in: folder, now: { now.value }) { store in
                try await putThreeBlobs(store)
                let names = try files(store).compactMap { $0.split(separator: "/").last }
                var pin: BlobPin? = store.store.blobs.pin([String(names[0])])
                try await store.store.upkeep { _ = try $0.delete("spool", Array("a".utf8)) }
                now.update { $0 = $0 + .seconds(61) }
                try await store.store.tidy()
                #expect(try files(store).count == 1)
                withExtendedLifetime(pin) {}
                pin = nil
                try await store.store.tidy()
                #expect(try files(store).isEmpty)
            }
        }
    }

    @Test func `a start keeps the parts of objects and logs nothing`() async throws {
        try await withTemporaryFolder { folder in
            var whole: [UInt8] = []
            try await withStore(in: folder) { store in whole = try await putInParts(store) }
            try await withStore(in: folder) { store in
                let got = try await store.bucket().getObject(
                    key, range: nil, ifMatch: nil, bytesMax: whole.count)
                #expect(got.body == whole)
                #expect(!store.log.value.contains { $0.contains("bodies") })
            }
        }
    }

    @Test func `a start repairs the state after a crash and logs the repairs`() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(in: folder) { store in
                let bucket = try store.bucket()
                for name in ["lost", "cut", "whole"] {
                    try await bucket.putObject(
                        .bytes(body(20_000)), at: ObjectKey(name), options: PutOptions())
                }
                // An orphan, a file in tmp, a missing body and a truncated one.
                let data = store.folder + "/store"
                let orphan = "\(data)/data/ab/ab" + String(repeating: "0", count: 30)
                #expect(LocalFile.write([1], to: orphan))
                #expect(LocalFile.write([1], to: data + "/tmp/left"))
                for (name, isCut) in [("lost", false), ("cut", true)] {
                    let place = try await store.store.read {
                        try $0.object("spool", Array(name.utf8))?.place
                    }
                    guard case .blob(let id)? = place else { return #expect(Bool(false)) }
                    let path = store.store.blobs.blobPath(id)
                    #expect((isCut ? truncate(path, 5) : unlink(path)) == 0)
                }
            }
            try await withStore(in: folder) { store in
                let line = store.log.value.joined()
                #expect(line.contains("\"blobsRemoved\":1"))
                #expect(line.contains("\"bodiesMissing\":1"))
                #expect(line.contains("\"bodiesOfWrongSize\":1"))
                #expect(try files(store).count == 2)
                #expect(
                    try FileManager.default.contentsOfDirectory(
                        atPath: store.folder + "/store/tmp"
                    ).isEmpty)
                let report = try await store.store.scrub()
                #expect(report.damaged.map(\.key) == ["cut", "lost"])
            }
        }
    }

    @Test func `a scrub finds a flipped bit in a row, a file and a part`() async throws {
        try await withStore { store in
            let bucket = try store.bucket()
            _ = try await putInParts(store)
            for (name, bytes) in [("small", 10), ("large", 100_000), ("good", 100_000)] {
                try await bucket.putObject(
                    .bytes(body(bytes)), at: ObjectKey(name), options: PutOptions())
            }
            #expect(
                try await store.store.scrub()
                    == ScrubReport(objects: 4, bytes: 200_010 + (10 << 20) + 10))

            try await store.database.transaction { connection in
                let place = try connection.query(
                    "SELECT inline_id FROM objects WHERE key = ?", Array("small".utf8))
                try connection.execute(
                    "UPDATE inline_bodies SET bytes = ? WHERE id = ?",
                    Array("0123456788".utf8), try place.first?.integer("inline_id") ?? 0)
            }
            for name in ["large", "a"] {
                let source = try await store.store.read { index in
                    try index.object("spool", Array(name.utf8)).map {
                        try index.source($0.place, 0..<$0.bytes)
                    }
                }
                guard case .blobs(let slices)? = source, let last = slices.last else {
                    return #expect(Bool(false))
                }
                let path = store.store.blobs.blobPath(last.blob)
                let file = open(path, O_RDWR)
                var byte: UInt8 = 0
                #expect(pread(file, &byte, 1, 2) == 1)
                byte ^= 4
                #expect(pwrite(file, &byte, 1, 2) == 1)
                close(file)
            }

            let report = try await store.store.scrub()
            #expect(report.damaged.map(\.key) == ["a", "large", "small"])
            #expect(report.damaged.allSatisfy { $0.reason.contains("CRC-64/NVME") })
            #expect(store.log.value.contains { $0.contains("Object damaged") })
        }
    }

    @Test func `a failed fsync is reported as lost durability`() async throws {
        try await withStore { store in
            // A pipe cannot be synchronised: EINVAL in place of EIO.
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let id = BlobFolder.newID()
            await #expect(throws: BlobError.self) {
                try await store.store.blobs.publish(id, descriptor: ends[1])
            }
            for end in ends { close(end) }

            #expect(store.durabilityLosses.value.count == 1)
            #expect(store.durabilityLosses.value[0].hasPrefix("fsync of "))
        }
    }

    @Test func `an index of an earlier version is migrated`() async throws {
        try await withTemporaryFolder { folder in
            let database = try Database(path: folder + "/spool.sqlite")
            try await database.transaction { connection in
                try connection.execute(
                    "CREATE TABLE buckets(name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL)")
                try connection.execute("INSERT INTO buckets VALUES('spool', 1)")
                try connection.execute(
                    """
                    CREATE TABLE objects(
                      bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL,
                      size INTEGER NOT NULL, modified_ms INTEGER NOT NULL, headers TEXT NOT NULL,
                      blob TEXT, inline_id INTEGER, part_sizes TEXT NOT NULL,
                      sequencer TEXT NOT NULL, PRIMARY KEY(bucket, key)) WITHOUT ROWID
                    """)
                try connection.execute(
                    "CREATE TABLE inline_bodies(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
                try connection.execute(
                    "INSERT INTO inline_bodies VALUES(7, ?)", Array("hello".utf8))
                try connection.execute(
                    """
                    INSERT INTO objects VALUES('spool', ?, '5d41402abc4b2a76b9719d911017c592', 5,
                      1, '{}', NULL, 7, '[]', '01')
                    """, Array("a".utf8))
            }
            await database.close()
            try await withStore(in: folder) { store in
                let got = try await store.bucket().getObject(
                    key, range: nil, ifMatch: nil, bytesMax: 5)
                #expect(got.body == Array("hello".utf8))
                #expect(try await store.store.scrub() == ScrubReport(objects: 1, bytes: 5))
            }
        }
    }
}
