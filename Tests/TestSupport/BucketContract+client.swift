import ObjectStore

/// Rules of copies, multi-object deletes and listings as sequences.
extension BucketContract {
    static let copyRules: [BucketRule] = [
        BucketRule("a copy has the source's bytes and type") { bucket, prefix in
            let source = try await put(bucket, prefix + "a ü+", "hello")
            let copy = try await bucket.copyObject(
                ObjectKey(prefix + "a ü+"), to: ObjectKey(prefix + "b"), ifMatch: source.etag)
            let got = try await bucket.getObject(
                ObjectKey(prefix + "b"), range: nil, ifMatch: nil, bytesMax: 5)
            try expect(got.body == Array("hello".utf8), "\(got.body)")
            try expect(got.info.contentType == "text/plain", "\(got.info)")
            try expect(copy.etag == source.etag && copy.bytes == 5, "\(copy)")
        },
        BucketRule("a copy needs its source with the named ETag") { bucket, prefix in
            let target = ObjectKey(prefix + "b")
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.copyObject(
                    ObjectKey(prefix + "none"), to: target, ifMatch: nil)
            }
            _ = try await put(bucket, prefix + "a")
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.copyObject(
                    ObjectKey(prefix + "a"), to: target, ifMatch: "0123")
            }
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.headObject(target)
            }
        },
        BucketRule("a copy to itself is refused") { bucket, prefix in
            let key = ObjectKey(prefix + "a")
            _ = try await put(bucket, key.text)
            try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                try await bucket.copyObject(key, to: key, ifMatch: nil)
            }
        },
        BucketRule("a large object is copied in parts") { bucket, prefix in
            let (source, target) = (ObjectKey(prefix + "a"), ObjectKey(prefix + "b"))
            var bytes = [UInt8](repeating: 1, count: (11 << 20) + 3)
            for place in stride(from: 0, to: bytes.count, by: 4_096) {
                bytes[place] = UInt8(truncatingIfNeeded: place >> 12)
            }
            try await bucket.putObject(
                .bytes(bytes), at: source, options: PutOptions(contentType: "video/mp4"))
            let copy = try await bucket.copy(
                source, to: target, singleCopyBytes: 1 << 20, partBytes: 5 << 20)
            try expect(copy.etag.hasSuffix("-3") && copy.bytes == bytes.count, "\(copy)")
            let got = try await bucket.getObject(
                target, range: nil, ifMatch: nil, bytesMax: bytes.count)
            try expect(got.body == bytes, "the copy differs")
            try expect(got.info.contentType == "video/mp4", "\(got.info)")
        },
        BucketRule("many keys are deleted at once, also missing ones") { bucket, prefix in
            let names = ["a", "b & <c>", "d ü+%", "e/"].map { ObjectKey(prefix + $0) }
            for key in names { _ = try await put(bucket, key.text) }
            _ = try await put(bucket, prefix + "kept")
            let refused = try await bucket.deleteObjects(names + [ObjectKey(prefix + "none")])
            let left = try await bucket.listAllObjects(prefix: prefix)
            try expect(refused.isEmpty, "\(refused)")
            try expect(left.map(\.key.text) == [prefix + "kept"], "\(left)")
        },
        BucketRule("an invalid key among others is refused") { bucket, prefix in
            _ = try await put(bucket, prefix + "a")
            try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                try await bucket.deleteObjects([ObjectKey(prefix + "a"), ObjectKey("")])
            }
            let left = try await bucket.listAllObjects(prefix: prefix)
            try expect(left.count == 1, "\(left)")
        },
        BucketRule("a sequence has each object once") { bucket, prefix in
            for number in 10..<17 { _ = try await put(bucket, prefix + "\(number)") }
            var seen: [String] = []
            for try await object in bucket.objects(prefix: prefix, pageKeys: 3) {
                seen.append(String(object.key.text.dropFirst(prefix.count)))
            }
            try expect(seen == (10..<17).map(String.init), "\(seen)")
            var first: [String] = []
            for try await object in bucket.objects(prefix: prefix, pageKeys: 2) {
                first.append(object.key.text)
                if first.count == 2 { break }
            }
            try expect(first == [prefix + "10", prefix + "11"], "\(first)")
        },
        BucketRule("a large object is downloaded in full for any piece size") { bucket, prefix in
            let key = ObjectKey(prefix + "large")
            var bytes = [UInt8](repeating: 7, count: (20 << 20) + 1)
            for place in stride(from: 0, to: bytes.count, by: 1_000) {
                bytes[place] = UInt8(truncatingIfNeeded: place >> 9)
            }
            try await bucket.putObject(.bytes(bytes), at: key, options: PutOptions())
            let path = LocalFile.temporaryFolder() + "/large"
            let info = try await bucket.downloadObject(key, ifMatch: nil, toFile: path)
            try expect(info.bytes == bytes.count, "\(info)")
            try expect(LocalFile.read(path) == bytes, "the file differs")
        },
        BucketRule("an empty object is downloaded as an empty file") { bucket, prefix in
            let path = LocalFile.temporaryFolder() + "/empty"
            _ = try await put(bucket, prefix + "empty", "")
            _ = try await bucket.downloadObject(
                ObjectKey(prefix + "empty"), ifMatch: nil, toFile: path)
            try expect(LocalFile.read(path) == [], "the file is not empty")
        },
        BucketRule("a form is valid for one second to one week") { bucket, prefix in
            let upload = PostUpload(
                key: ObjectKey(prefix + "a"), contentType: "text/plain", bytes: 1...5)
            for seconds in [0, 604_801] {
                try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                    try await bucket.presignedPost(upload, expiresIn: .seconds(seconds))
                }
            }
            let form = try await bucket.presignedPost(upload, expiresIn: .seconds(60))
            try expect(form.fields["key"] == prefix + "a", "\(form)")
            try expect(form.fields["policy"] != nil, "\(form)")
        },
    ]
}
