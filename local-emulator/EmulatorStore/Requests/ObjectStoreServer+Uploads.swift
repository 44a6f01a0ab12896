package import EmulatorHTTP
import Logging
import Synchronization

/// The files of a form that a function was granted, without S3's protocol around them.
extension ObjectStoreServer: UploadSink {
    /// Begins an object in the deployment's bucket.
    package func begin(key: String, contentType: String) throws -> any UploadWriter {
        guard (1...1_024).contains(key.utf8.count) else {
            throw S3Error(.keyTooLongError, "Your key is too long")
        }
        let headers = try ObjectHeaders.stored(from: ["content-type": contentType])
        let pipeline = try BodyPipeline(
            [:], .unsigned, blobs: blobs, inlineBytesMax: configuration.inlineBytesMax,
            bytesMax: Self.putBytesMax)
        return StoreUpload(store: self, key: key, headers: headers, pipeline)
    }

    /// Removes objects of the deployment's bucket.
    package func remove(_ keys: [String]) async {
        let bucket = configuration.bucket
        do {
            try await upkeep { index in
                for key in keys { _ = try index.delete(bucket, Array(key.utf8)) }
            }
        } catch {
            logger.error("Files of a refused form not removed", ["error": .string("\(error)")])
        }
    }
}

/// One file of a form.
private final class StoreUpload: UploadWriter {
    private let store: ObjectStoreServer
    private let key: String
    private let headers: [String: String]
    private let pipeline: Mutex<BodyPipeline>

    init(
        store: ObjectStoreServer, key: String, headers: [String: String],
        _ pipeline: sending BodyPipeline
    ) {
        self.store = store
        self.key = key
        self.headers = headers
        self.pipeline = Mutex(pipeline)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        // SAFETY: an address crosses into the lock as a number; the pipeline
        // copies what it keeps, so no pointer outlives this call.
        let (address, count) = (UInt(bitPattern: bytes.baseAddress), bytes.count)
        try pipeline.withLock { pipeline in
            try pipeline.receive(
                UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
        }
    }

    func commit() async throws -> String {
        let closed = try pipeline.withLock { try $0.close() }
        let result = try await closed.result()
        let body = PendingRequest.Body(result: result, memory: closed.memory, file: closed.file)
        let object = NewObject(
            bucket: store.configuration.bucket, key: Array(key.utf8), etag: result.md5,
            bytes: result.bytes, headers: headers.merging(result.servedChecksums) { $1 },
            body: try await store.durable(body), crc64: result.crc64,
            condition: WritePrecondition(), eventName: "ObjectCreated:Post")
        do {
            try await store.upkeep { _ = try $0.put(object) }
        } catch {
            if case .blob(let id) = object.body { await store.blobs.remove([id]) }
            throw error
        }
        return result.md5
    }
}
