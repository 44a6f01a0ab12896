import Glibc
import ObjectStore

extension BucketContract {
    static let edgeRules: [BucketRule] = [
        BucketRule("a head has the metadata of a read") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "hello")
            let head = try await bucket.headObject(ObjectKey(prefix + "a"))
            let got = try await bucket.getObject(
                ObjectKey(prefix + "a"), range: nil, ifMatch: head.etag, bytesMax: 5)
            try expect(got.info == head, "\(got.info) and \(head)")
        },
        BucketRule("a replacing put sets its content type") { bucket, prefix in
            let key = ObjectKey(prefix + "a")
            _ = try await put(bucket, key.text)
            try await bucket.putObject(
                text("{}"), at: key, options: PutOptions(contentType: "application/json"))
            let head = try await bucket.headObject(key)
            try expect(head.contentType == "application/json", "\(head)")
        },
        BucketRule("a range of an object is read if its ETag matches") { bucket, prefix in
            let key = ObjectKey(prefix + "a")
            let info = try await put(bucket, key.text, "0123456789")
            let got = try await bucket.getObject(
                key, range: 9..<10, ifMatch: info.etag, bytesMax: 1)
            try expect(got.body == Array("9".utf8), "\(got.body)")
        },
        BucketRule("any range of an empty object is refused") { bucket, prefix in
            _ = try await put(bucket, prefix + "empty", "")
            try await expectError(.invalidRange) { () async throws(ObjectStoreError) in
                try await read(bucket, prefix + "empty", 0..<1)
            }
        },
        BucketRule("a failed condition changes nothing") { bucket, prefix in
            let first = try await put(bucket, prefix + "a", "one")
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.putObject(
                    text("two"), at: ObjectKey(prefix + "a"),
                    options: PutOptions(condition: .ifMatch("0123")))
            }
            let head = try await bucket.headObject(ObjectKey(prefix + "a"))
            let stored = try await read(bucket, prefix + "a")
            try expect(head.etag == first.etag && stored == "one", "\(head) \(stored)")
        },
        BucketRule("a deleted key may be put if absent") { bucket, prefix in
            _ = try await put(bucket, prefix + "a", "one", .ifAbsent)
            try await bucket.deleteObject(ObjectKey(prefix + "a"))
            _ = try await put(bucket, prefix + "a", "two", .ifAbsent)
            let stored = try await read(bucket, prefix + "a")
            try expect(stored == "two", stored)
        },
        BucketRule("one of sixteen concurrent puts if matching wins") { bucket, prefix in
            let first = try await put(bucket, prefix + "race", "first")
            let wins = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        (try? await put(
                            bucket, prefix + "race", "\(number)", .ifMatch(first.etag))) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect(wins == 1, "\(wins) winners")
        },
        BucketRule("deleting a key keeps the keys below it") { bucket, prefix in
            for name in ["a", "a/", "a/b"] { _ = try await put(bucket, prefix + name) }
            try await bucket.deleteObject(ObjectKey(prefix + "a"))
            let listed = try await bucket.listAllObjects(prefix: prefix)
            try expect(listed.map(\.key.text) == [prefix + "a/", prefix + "a/b"], "\(listed)")
        },
        BucketRule("a key has one to 1,024 bytes") { bucket, prefix in
            let lengthMax = prefix + String(repeating: "x", count: 1_024 - prefix.utf8.count)
            _ = try await put(bucket, lengthMax, "long")
            let content = try await read(bucket, lengthMax)
            try expect(content == "long", content)
            for wrong in ["", lengthMax + "x"] {
                try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                    try await bucket.putObject(
                        text("x"), at: ObjectKey(wrong), options: PutOptions())
                }
                try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                    try await bucket.deleteObject(ObjectKey(wrong))
                }
            }
        },
        BucketRule("a listing may begin after a missing key") { bucket, prefix in
            for name in ["a", "c", "d"] { _ = try await put(bucket, prefix + name) }
            let page = try await bucket.listObjects(
                prefix: prefix, startAfter: prefix + "b", keyCountMax: 10)
            try expect(
                page.objects.map(\.key.text) == [prefix + "c", prefix + "d"], "\(page)")
        },
        BucketRule("an exactly full last page is not truncated") { bucket, prefix in
            for name in ["a", "b"] { _ = try await put(bucket, prefix + name) }
            let page = try await bucket.listObjects(
                prefix: prefix, startAfter: nil, keyCountMax: 2)
            try expect(page.objects.count == 2 && !page.isTruncated, "\(page)")
        },
        BucketRule("a download of another ETag fails") { bucket, prefix in
            let folder = LocalFile.temporaryFolder()
            _ = try await put(bucket, prefix + "a")
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.downloadObject(
                    ObjectKey(prefix + "a"), ifMatch: "0123", toFile: folder + "/a")
            }
            try expect(rmdir(folder) == 0, "something was left")
        },
        BucketRule("a download replaces an existing file") { bucket, prefix in
            let path = LocalFile.temporaryFolder() + "/a"
            _ = LocalFile.write(Array("a longer file of before".utf8), to: path)
            _ = try await put(bucket, prefix + "a", "new")
            _ = try await bucket.downloadObject(
                ObjectKey(prefix + "a"), ifMatch: nil, toFile: path)
            try expect(LocalFile.read(path) == Array("new".utf8), "the file differs")
        },
        BucketRule("a missing file is not uploaded") { bucket, prefix in
            try await expectError(.localFile) { () async throws(ObjectStoreError) in
                try await bucket.uploadFile(
                    "/nonexistent/file", to: ObjectKey(prefix + "a"), contentType: "video/mp4")
            }
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.headObject(ObjectKey(prefix + "a"))
            }
        },
    ]

    static let multipartEdgeRules: [BucketRule] = [
        BucketRule("a repeated part replaces the first") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            for content in ["one", "two"] {
                _ = try await bucket.uploadPart(text(content), number: 1, of: key, uploadID: id)
            }
            let parts = try await bucket.listParts(of: key, uploadID: id)
            _ = try await bucket.completeMultipartUpload(
                key, uploadID: id, parts: parts, condition: nil)
            let content = try await read(bucket, key.text)
            try expect(parts.count == 1 && content == "two", "\(parts) \(content)")
        },
        BucketRule("parts out of order are refused") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            for number in [1, 2] {
                _ = try await bucket.uploadPart(text("x"), number: number, of: key, uploadID: id)
            }
            let parts = try await bucket.listParts(of: key, uploadID: id)
            try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: parts.reversed(), condition: nil)
            }
            try await bucket.abortMultipartUpload(key, uploadID: id)
        },
        BucketRule("an invented upload is unknown") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            let etag = String(repeating: "0", count: 32)
            let part = UploadedPart(number: 1, etag: etag, bytes: 1)
            try await bucket.abortMultipartUpload(key, uploadID: id)
            try await bucket.abortMultipartUpload(key, uploadID: id)
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: [part], condition: nil)
            }
        },
        BucketRule("a part's number is 1 to 10,000") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            for number in [0, 10_001] {
                try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                    try await bucket.uploadPart(text("x"), number: number, of: key, uploadID: id)
                }
            }
            try await bucket.abortMultipartUpload(key, uploadID: id)
        },
        BucketRule("completing if matching replaces the named version") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let first = try await put(bucket, key.text, "first")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            _ = try await bucket.uploadPart(text("second"), number: 7, of: key, uploadID: id)
            let parts = try await bucket.listParts(of: key, uploadID: id)
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: parts, condition: .ifMatch("0123"))
            }
            _ = try await bucket.completeMultipartUpload(
                key, uploadID: id, parts: parts, condition: .ifMatch(first.etag))
            let content = try await read(bucket, key.text)
            try expect(content == "second", content)
        },
        BucketRule("two uploads of one key do not mix") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            var ids: [String] = []
            for content in ["one", "two"] {
                let id = try await bucket.createMultipartUpload(key, options: PutOptions())
                _ = try await bucket.uploadPart(text(content), number: 1, of: key, uploadID: id)
                ids.append(id)
            }
            try await bucket.abortMultipartUpload(key, uploadID: ids[1])
            let parts = try await bucket.listParts(of: key, uploadID: ids[0])
            _ = try await bucket.completeMultipartUpload(
                key, uploadID: ids[0], parts: parts, condition: nil)
            let content = try await read(bucket, key.text)
            try expect(content == "one", content)
        },
    ]
}
