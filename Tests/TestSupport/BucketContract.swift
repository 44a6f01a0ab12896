package import ObjectStore

/// One rule of the `Bucket` contract as an executable check.
package struct BucketRule: Sendable, CustomStringConvertible {
    /// The rule as a sentence.
    package var description: String
    /// Checks the rule below an unused prefix of a bucket; throws `BucketRuleBroken`.
    package var check: @Sendable (any Bucket, String) async throws -> Void

    init(
        _ description: String,
        _ check: @escaping @Sendable (any Bucket, String) async throws -> Void
    ) {
        self.description = description
        self.check = check
    }
}

/// The violation of a rule.
package struct BucketRuleBroken: Error, CustomStringConvertible {
    package var description: String
}

/// The rules of `Bucket`, checked on the bucket in memory, the emulator and a real store.
package enum BucketContract {
    /// All rules.
    package static let rules =
        readingRules + writingRules + listingRules + multipartRules + fileRules + edgeRules
        + multipartEdgeRules + copyRules

    static func expect(
        _ condition: Bool, _ text: @autoclosure () -> String
    ) throws {
        if !condition { throw BucketRuleBroken(description: text()) }
    }

    static func expectError<Result>(
        _ code: ObjectStoreError.Code, _ body: () async throws(ObjectStoreError) -> Result
    ) async throws {
        do {
            _ = try await body()
        } catch {
            return try expect(error.code == code, "\(error.code) instead of \(code): \(error)")
        }
        throw BucketRuleBroken(description: "It went through instead of failing with \(code).")
    }

    static func text(_ string: String) -> ObjectBody { .bytes(Array(string.utf8)) }

    static func put(
        _ bucket: any Bucket, _ key: String, _ content: String = "content",
        _ condition: WriteCondition? = nil
    ) async throws -> ObjectInfo {
        try await bucket.putObject(
            text(content), at: ObjectKey(key),
            options: PutOptions(contentType: "text/plain", condition: condition))
    }

    static func read(
        _ bucket: any Bucket, _ key: String, _ range: Range<Int>? = nil
    ) async throws(ObjectStoreError) -> String {
        let object = try await bucket.getObject(
            ObjectKey(key), range: range, ifMatch: nil, bytesMax: 100 << 20)
        return String(decoding: object.body, as: UTF8.self)
    }

    static let readingRules: [BucketRule] = [
        BucketRule("a put object is read again") { bucket, prefix in
            let put = try await put(bucket, prefix + "a", "hello")
            let got = try await bucket.getObject(
                ObjectKey(prefix + "a"), range: nil, ifMatch: nil, bytesMax: 5)
            try expect(got.body == Array("hello".utf8), "\(got.body)")
            try expect(got.info.etag == put.etag && got.info.bytes == 5, "\(got.info)")
            try expect(got.info.contentType == "text/plain", "\(got.info)")
        },
        BucketRule("an ETag is the MD5 of a single put") { bucket, prefix in
            let put = try await put(bucket, prefix + "a", "hello")
            try expect(put.etag == "5d41402abc4b2a76b9719d911017c592", put.etag)
        },
        BucketRule("an empty object is an object") { bucket, prefix in
            _ = try await put(bucket, prefix + "empty", "")
            let empty = try await read(bucket, prefix + "empty")
            try expect(empty.isEmpty, empty)
            try expect(try await bucket.headObject(ObjectKey(prefix + "empty")).bytes == 0, "size")
        },
        BucketRule("a range is half-open") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            let part = try await read(bucket, prefix + "a", 2..<5)
            try expect(part == "234", part)
        },
        BucketRule("a range beyond the end is cut") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            let part = try await read(bucket, prefix + "a", 8..<50)
            try expect(part == "89", part)
        },
        BucketRule("a range after the end is refused") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            try await expectError(.invalidRange) { () async throws(ObjectStoreError) in
                try await read(bucket, prefix + "a", 10..<11)
            }
        },
        BucketRule("an empty range is refused") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            try await expectError(.invalidRange) { () async throws(ObjectStoreError) in
                try await read(bucket, prefix + "a", 3..<3)
            }
        },
        BucketRule("a ranged read has the size of the whole object") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            let got = try await bucket.getObject(
                ObjectKey(prefix + "a"), range: 0..<1, ifMatch: nil, bytesMax: 1)
            try expect(got.info.bytes == 10, "\(got.info)")
        },
        BucketRule("more bytes than the caller's maximum are an error") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "0123456789")
            try await expectError(.tooLarge) { () async throws(ObjectStoreError) in
                try await bucket.getObject(
                    ObjectKey(prefix + "a"), range: nil, ifMatch: nil, bytesMax: 9)
            }
        },
        BucketRule("a read with another ETag fails") { bucket, prefix in
            _ = try await put(bucket, prefix + "a")
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.getObject(
                    ObjectKey(prefix + "a"), range: nil, ifMatch: "0123", bytesMax: 100)
            }
        },
        BucketRule("a missing key is not found") { bucket, prefix in
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await read(bucket, prefix + "none")
            }
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.headObject(ObjectKey(prefix + "none"))
            }
        },
    ]

    static let writingRules: [BucketRule] = [
        BucketRule("a put replaces the whole object") { bucket, prefix in
            let first = try await put(bucket, prefix + "a", "one")
            let second = try await put(bucket, prefix + "a", "two")
            try expect(first.etag != second.etag, first.etag)
            let stored = try await read(bucket, prefix + "a")
            try expect(stored == "two", stored)
        },
        BucketRule("a put if absent has one winner") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "one", .ifAbsent)
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.putObject(
                    text("two"), at: ObjectKey(prefix + "a"),
                    options: PutOptions(condition: .ifAbsent))
            }
            let stored = try await read(bucket, prefix + "a")
            try expect(stored == "one", stored)
        },
        BucketRule("one of sixteen concurrent puts if absent wins") { bucket, prefix in
            let wins = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        (try? await put(bucket, prefix + "race", "\(number)", .ifAbsent)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect(wins == 1, "\(wins) winners")
        },
        BucketRule("a put if matching replaces the named version") { bucket, prefix in
            let first = try await put(bucket, prefix + "a", "one")
            _ = try await put(bucket, prefix + "a", "two", .ifMatch(first.etag))
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.putObject(
                    text("three"), at: ObjectKey(prefix + "a"),
                    options: PutOptions(condition: .ifMatch(first.etag)))
            }
        },
        BucketRule("a put if matching needs an object") { bucket, prefix in
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.putObject(
                    text("x"), at: ObjectKey(prefix + "none"),
                    options: PutOptions(condition: .ifMatch("0123")))
            }
        },
        BucketRule("a deleted key is gone and may be deleted again") { bucket, prefix in
            _ = try await put(bucket, prefix + "a")
            try await bucket.deleteObject(ObjectKey(prefix + "a"))
            try await bucket.deleteObject(ObjectKey(prefix + "a"))
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.headObject(ObjectKey(prefix + "a"))
            }
        },
        BucketRule("keys of unusual characters are distinct") { bucket, prefix in
            let names = [
                "a", "a/", "a/b", "A", "a b", "a+b", "a%20b", "..", "../x", "ä/ü", "\u{1F600}",
                "a'\"&<>b", "q?x=1#y", "~.-_", "a//b",
            ]
            for name in names { _ = try await put(bucket, prefix + name, name) }
            for name in names {
                let content = try await read(bucket, prefix + name)
                try expect(content == name, "\(name) holds \(content)")
            }
            let listed = try await bucket.listAllObjects(prefix: prefix)
            let wanted = names.map { ObjectKey(prefix + $0) }.sorted()
            try expect(listed.map(\.key) == wanted, "\(listed.map(\.key))")
        },
    ]
}
