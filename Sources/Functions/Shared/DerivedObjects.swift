import Jobs
import ObjectStore
import RenderPlans

/// Writes the derived objects of one upload, each with its mark.
struct DerivedObjects: Sendable {
    let bucket: any Bucket
    let keys: AssetKeys
    /// ETag of the upload.
    let etag: String

    init(bucket: any Bucket, keys: AssetKeys, etag: String) {
        (self.bucket, self.keys, self.etag) = (bucket, keys, etag)
    }

    /// The derived objects of the upload that an internal export reads; nil for a plan without
    /// one.
    init?(of plan: RenderPlan, owner: OwnerID, bucket: any Bucket) {
        guard let source = plan.sources.first, let asset = AssetID(source.assetID) else {
            return nil
        }
        self.init(
            bucket: bucket, keys: AssetKeys(owner: owner, asset: asset), etag: source.etag)
    }

    /// False once the asset was deleted or its file was replaced.
    func isCurrent() async throws(ObjectStoreError) -> Bool {
        try await bucket.document(AssetRecord.self, at: keys.record)?.etag == etag
    }

    /// Stores a file and marks it.
    func store(
        _ path: String, at key: ObjectKey, contentType: String
    ) async throws(ObjectStoreError) {
        try await mark(try await bucket.uploadFile(path, to: key, contentType: contentType))
    }

    /// Stores a text and marks it.
    func store(
        text: String, at key: ObjectKey, contentType: String
    ) async throws(ObjectStoreError) {
        try await mark(
            try await bucket.putObject(
                .bytes(Array(text.utf8)), at: key, options: PutOptions(contentType: contentType)))
    }

    /// Marks a stored object as derived from this upload.
    func mark(_ object: ObjectInfo) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(
            ["version": 1], at: keys.mark(object.key, etag: object.etag, of: etag))
    }

    /// Attempts at a derivative before a permanent failure condemns it.
    static let findingCountMax = 2

    /// Notes a failed attempt.
    /// - Returns: True if it was the last one.
    func noteFailure(
        of kind: AssetDerivative, _ sentence: String, attemptCountMax: Int
    ) async throws(ObjectStoreError) -> Bool {
        let prefix = keys.attemptPrefix(kind, of: etag)
        let number = try await bucket.listAllObjects(prefix: prefix).count + 1
        _ = try await bucket.createDocument(
            FailedDerivative(error: sentence), at: ObjectKey("\(prefix)\(number)"))
        return number >= attemptCountMax
    }

    /// Marks a derivative that cannot be made.
    /// - Parameter sentence: The reason, without secrets.
    func fail(_ kind: AssetDerivative, _ sentence: String) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(
            FailedDerivative(error: sentence), at: keys.failedMark(kind, of: etag))
    }
}

/// Body of the mark of a derivative that cannot be made.
struct FailedDerivative: Codable, Sendable {
    var version = 1
    var error: String
}
