import Glibc
import ObjectStore

extension BucketContract {
    static let listingRules: [BucketRule] = [
        BucketRule("a listing is in the order of UTF-8 bytes") { bucket, prefix in
            for name in ["b", "a", "ä", "B", "a/1", "a0"] {
                _ = try await put(bucket, prefix + name)
            }
            let page = try await bucket.listObjects(
                prefix: prefix, startAfter: nil, keyCountMax: 1_000)
            let names = page.objects.map { String($0.key.text.dropFirst(prefix.count)) }
            try expect(names == ["B", "a", "a/1", "a0", "b", "ä"], "\(names)")
            try expect(!page.isTruncated, "truncated")
        },
        BucketRule("a listing has sizes and ETags") { bucket, prefix in
            let put = try await put(bucket, prefix + "a", "hello")
            let page = try await bucket.listObjects(
                prefix: prefix, startAfter: nil, keyCountMax: 10)
            try expect(page.objects.map(\.bytes) == [5], "\(page)")
            try expect(page.objects.map(\.etag) == [put.etag], "\(page)")
        },
        BucketRule("a listing has only keys of its prefix") { bucket, prefix in
            for name in ["x/1", "x/2", "x", "y/1"] { _ = try await put(bucket, prefix + name) }
            let listed = try await bucket.listAllObjects(prefix: prefix + "x/")
            try expect(listed.count == 2, "\(listed.map(\.key))")
        },
        BucketRule("pages of a listing have no gap or overlap") { bucket, prefix in
            for number in 10..<23 { _ = try await put(bucket, prefix + "\(number)") }
            var seen: [String] = []
            var after: String?
            // Thirteen keys make three pages: an endless listing fails after four.
            for _ in 0..<4 {
                let page = try await bucket.listObjects(
                    prefix: prefix, startAfter: after, keyCountMax: 5)
                seen += page.objects.map { String($0.key.text.dropFirst(prefix.count)) }
                guard page.isTruncated else { break }
                try expect(page.objects.count == 5, "a short page in the middle")
                after = page.objects.last?.key.text
            }
            try expect(seen == (10..<23).map(String.init), "\(seen)")
        },
        BucketRule("a prefix without objects lists nothing") { bucket, prefix in
            let listed = try await bucket.listAllObjects(prefix: prefix + "nothing/")
            try expect(listed.isEmpty, "\(listed)")
        },
    ]

    private static let part = [UInt8](repeating: 7, count: 5 << 20)

    static let multipartRules: [BucketRule] = [
        BucketRule("parts become one object") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(
                key, options: PutOptions(contentType: "video/mp4"))
            let second = try await bucket.uploadPart(
                text("tail"), number: 2, of: key, uploadID: id)
            let first = try await bucket.uploadPart(
                .bytes(part), number: 1, of: key, uploadID: id)
            let listed = try await bucket.listParts(of: key, uploadID: id)
            try expect(listed.map(\.number) == [1, 2], "\(listed)")
            try expect(listed.map(\.etag) == [first.etag, second.etag], "\(listed)")
            let done = try await bucket.completeMultipartUpload(
                key, uploadID: id, parts: listed, condition: nil)
            try expect(done.bytes == part.count + 4, "\(done)")
            try expect(done.etag.hasSuffix("-2"), done.etag)
            let head = try await bucket.headObject(key)
            try expect(head.etag == done.etag, "\(head)")
            try expect(head.contentType == "video/mp4", "\(head)")
            let tail = try await read(bucket, key.text, part.count..<part.count + 4)
            try expect(tail == "tail", tail)
        },
        BucketRule("an upload is not seen before it is complete") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            _ = try await bucket.uploadPart(text("x"), number: 1, of: key, uploadID: id)
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.headObject(key)
            }
            try await bucket.abortMultipartUpload(key, uploadID: id)
        },
        BucketRule("a part that was never sent is refused") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            let part = try await bucket.uploadPart(text("x"), number: 1, of: key, uploadID: id)
            let wrong = [part, UploadedPart(number: 2, etag: part.etag, bytes: 1)]
            try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: wrong, condition: nil)
            }
            try await bucket.abortMultipartUpload(key, uploadID: id)
        },
        BucketRule("a small part before the last is refused") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            for number in 1...2 {
                _ = try await bucket.uploadPart(
                    text("x"), number: number, of: key, uploadID: id)
            }
            let parts = try await bucket.listParts(of: key, uploadID: id)
            try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: parts, condition: nil)
            }
            try await bucket.abortMultipartUpload(key, uploadID: id)
        },
        BucketRule("an aborted upload is unknown") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            try await bucket.abortMultipartUpload(key, uploadID: id)
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.uploadPart(text("x"), number: 1, of: key, uploadID: id)
            }
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.listParts(of: key, uploadID: id)
            }
        },
        BucketRule("completing if absent has one winner") { bucket, prefix in
            let key = ObjectKey(prefix + "big")
            _ = try await put(bucket, key.text, "first")
            let id = try await bucket.createMultipartUpload(key, options: PutOptions())
            _ = try await bucket.uploadPart(text("x"), number: 1, of: key, uploadID: id)
            let parts = try await bucket.listParts(of: key, uploadID: id)
            try await expectError(.preconditionFailed) { () async throws(ObjectStoreError) in
                try await bucket.completeMultipartUpload(
                    key, uploadID: id, parts: parts, condition: .ifAbsent)
            }
            let stored = try await read(bucket, key.text)
            try expect(stored == "first", stored)
        },
    ]

    static let fileRules: [BucketRule] = [
        BucketRule("a part of a file survives a put and a download") { bucket, prefix in
            let source = LocalFile.temporaryFolder() + "/source"
            let target = source + ".copy"
            _ = LocalFile.write(Array("0123456789".utf8), to: source)
            let key = ObjectKey(prefix + "file")
            try await bucket.putObject(
                .file(path: source, offset: 2, bytes: 5), at: key, options: PutOptions())
            let info = try await bucket.downloadObject(key, ifMatch: nil, toFile: target)
            try expect(info.bytes == 5, "\(info)")
            try expect(LocalFile.read(target) == Array("23456".utf8), "the file differs")
        },
        BucketRule("a download that fails leaves no file") { bucket, prefix in
            let folder = LocalFile.temporaryFolder()
            let target = folder + "/target"
            try await expectError(.notFound) { () async throws(ObjectStoreError) in
                try await bucket.downloadObject(
                    ObjectKey(prefix + "none"), ifMatch: nil, toFile: target)
            }
            try expect(rmdir(folder) == 0, "something was left")
        },
        BucketRule("a file larger than one put goes in parts") { bucket, prefix in
            let source = LocalFile.temporaryFolder() + "/source"
            var bytes = [UInt8](repeating: 7, count: 65 << 20)
            for offset in stride(from: 0, to: bytes.count, by: 1 << 20) {
                bytes[offset] = UInt8(truncatingIfNeeded: offset >> 20)
            }
            _ = LocalFile.write(bytes, to: source)
            let key = ObjectKey(prefix + "large")
            let info = try await bucket.uploadFile(source, to: key, contentType: "video/mp4")
            try expect(info.bytes == bytes.count, "\(info)")
            try expect(info.etag.contains("-"), info.etag)
            let target = source + ".copy"
            _ = try await bucket.downloadObject(key, ifMatch: info.etag, toFile: target)
            try expect(LocalFile.read(target) == bytes, "the file differs")
        },
        BucketRule("a presigned URL is valid for one second to one week") { bucket, prefix in
            let key = ObjectKey(prefix + "a")
            for seconds in [0, 604_801] {
                try await expectError(.invalidRequest) { () async throws(ObjectStoreError) in
                    try await bucket.presignedURL(
                        .get(key, downloadName: nil), expiresIn: .seconds(seconds),
                        audience: .client)
                }
            }
        },
    ]
}
