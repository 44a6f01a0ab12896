import Crypto
package import ObjectStore
import Synchronization
import WallClock

/// A bucket in memory that implements S3's rules: ETags, ranges, conditions, byte
/// order, paging and multipart. `BucketContract` checks that it matches real
/// stores.
package final class InMemoryBucket: Bucket {
    struct Entry {
        var body: [UInt8]
        var etag: String
        var contentType: String
        var modified: Int
    }

    struct Upload {
        var key: ObjectKey
        var contentType: String
        var parts: [Int: (body: [UInt8], etag: String)] = [:]
    }

    struct State {
        var objects: [ObjectKey: Entry] = [:]
        var uploads: [String: Upload] = [:]
        var finished: [String: String] = [:]
        var lastUpload = 0
    }

    let state = Mutex(State())
    private let now: @Sendable () -> Int

    /// - Parameter now: Returns the modification time of new objects in milliseconds since 1970.
    package init(now: @escaping @Sendable () -> Int = { 0 }) { self.now = now }

    /// The keys of the bucket with their sizes in bytes, in listing order.
    package var contents: [(key: String, bytes: Int)] {
        state.withLock { state in
            state.objects.keys.sorted().map { ($0.text, state.objects[$0]?.body.count ?? 0) }
        }
    }

    /// The number of uploads that are neither complete nor aborted.
    package var openUploads: Int { state.withLock { $0.uploads.count } }

    package var keys: [String] { contents.map(\.key) }

    /// The bytes of an object; nil if there is none.
    package func bytes(_ key: ObjectKey) -> [UInt8]? { state.withLock { $0.objects[key]?.body } }

    /// Removes an object, as a lifecycle rule does.
    package func remove(_ key: ObjectKey) { state.withLock { $0.objects[key] = nil } }

    /// The objects below a prefix, in no order.
    package func infos(prefix: String) -> [ObjectInfo] {
        state.withLock { state in
            state.objects.filter { $0.key.text.hasPrefix(prefix) }.map { info($0.key, $0.value) }
        }
    }

    package func getObject(
        _ key: ObjectKey, range: Range<Int>?, ifMatch: String?, bytesMax: Int
    ) async throws(ObjectStoreError) -> StoredObject {
        let entry = try entry(key, "GetObject", ifMatch: ifMatch)
        var body = entry.body
        if let range {
            guard range.lowerBound < body.count, !range.isEmpty else {
                throw ObjectStoreError(
                    .invalidRange, operation: "GetObject", key: key.text,
                    serviceCode: "InvalidRange")
            }
            body = Array(body[range.clamped(to: 0..<body.count)])
        }
        guard body.count <= bytesMax else {
            throw ObjectStoreError(.tooLarge, operation: "GetObject", key: key.text)
        }
        return StoredObject(info: info(key, entry), body: body)
    }

    package func headObject(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
        info(key, try entry(key, "HeadObject"))
    }

    package func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let object = try await getObject(
            key, range: nil, ifMatch: ifMatch, bytesMax: .max)
        guard LocalFile.write(object.body, to: path) else {
            throw ObjectStoreError(.localFile, operation: "GetObject", key: key.text)
        }
        return object.info
    }

    @discardableResult
    package func putObject(
        _ body: ObjectBody, at key: ObjectKey, options: PutOptions
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let bytes = try bytes(of: body, key)
        let entry = Entry(
            body: bytes, etag: hex(md5(bytes)), contentType: options.contentType, modified: now())
        try store(entry, at: key, condition: options.condition, operation: "PutObject")
        return info(key, entry)
    }

    package func deleteObject(_ key: ObjectKey) async throws(ObjectStoreError) {
        try check(key, "DeleteObject")
        _ = state.withLock { $0.objects.removeValue(forKey: key) }
    }

    package func deleteObjects(
        _ keys: [ObjectKey]
    ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
        for key in keys { try check(key, "DeleteObjects") }
        for key in keys { try await deleteObject(key) }
        return [:]
    }

    @discardableResult
    package func copyObject(
        _ source: ObjectKey, to key: ObjectKey, ifMatch: String?
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var entry = try entry(source, "CopyObject", ifMatch: ifMatch)
        guard source != key else {
            throw ObjectStoreError(.invalidRequest, operation: "CopyObject", key: key.text)
        }
        entry.etag = hex(md5(entry.body))
        entry.modified = now()
        try store(entry, at: key, condition: nil, operation: "CopyObject")
        return info(key, entry)
    }

    package func listObjects(
        prefix: String, startAfter: String?, keyCountMax: Int
    ) async throws(ObjectStoreError) -> ListPage {
        state.withLock { state in
            let after = startAfter.map(ObjectKey.init)
            let keys = state.objects.keys.filter { key in
                key.text.utf8.starts(with: prefix.utf8) && (after.map { $0 < key } ?? true)
            }.sorted()
            let page = keys.prefix(keyCountMax).compactMap { key in
                state.objects[key].map { entry in
                    var info = info(key, entry)
                    info.contentType = nil
                    return info
                }
            }
            return ListPage(objects: page, isTruncated: keys.count > keyCountMax)
        }
    }

    // MARK: Parts of calls

    /// Checks a key.
    /// - Throws: `.invalidRequest` for a key that no store accepts.
    func check(_ key: ObjectKey, _ operation: String) throws(ObjectStoreError) {
        guard key.isValid else {
            throw ObjectStoreError(.invalidRequest, operation: operation, key: key.text)
        }
    }

    func entry(
        _ key: ObjectKey, _ operation: String, ifMatch: String? = nil
    ) throws(ObjectStoreError) -> Entry {
        try check(key, operation)
        guard let entry = state.withLock({ $0.objects[key] }) else {
            throw ObjectStoreError(
                .notFound, operation: operation, key: key.text, serviceCode: "NoSuchKey")
        }
        if let ifMatch, ifMatch != entry.etag {
            throw ObjectStoreError(
                .preconditionFailed, operation: operation, key: key.text,
                serviceCode: "PreconditionFailed")
        }
        return entry
    }

    func info(_ key: ObjectKey, _ entry: Entry) -> ObjectInfo {
        ObjectInfo(
            key: key, etag: entry.etag, bytes: entry.body.count,
            lastModified: UnixTime(milliseconds: entry.modified), contentType: entry.contentType)
    }

    func time() -> Int { now() }

    /// Checks the condition and writes in one step, as S3 does.
    func store(
        _ entry: Entry, at key: ObjectKey, condition: WriteCondition?, operation: String
    ) throws(ObjectStoreError) {
        try check(key, operation)
        let code: ObjectStoreError.Code? = state.withLock { state in
            let stored = state.objects[key]
            switch condition {
            case .ifAbsent where stored != nil: return .preconditionFailed
            case .ifMatch where stored == nil: return .notFound
            case .ifMatch(let etag) where stored?.etag != etag: return .preconditionFailed
            default: break
            }
            state.objects[key] = entry
            return nil
        }
        if let code {
            throw ObjectStoreError(code, operation: operation, key: key.text)
        }
    }

    func bytes(of body: ObjectBody, _ key: ObjectKey) throws(ObjectStoreError) -> [UInt8] {
        switch body {
        case .bytes(let bytes): return bytes
        case .file(let path, let offset, let count):
            guard let bytes = LocalFile.read(path, offset: offset, count: count) else {
                throw ObjectStoreError(.localFile, operation: "PutObject", key: key.text)
            }
            return bytes
        }
    }
}
