package import ObjectStore

import FoundationEssentials

/// JSON documents in the bucket.
extension Bucket {
    /// Reads and decodes a document.
    /// - Returns: nil when there is none.
    /// - Throws: `.invalidResponse` when it does not decode.
    package func document<Value: Decodable>(
        _ type: Value.Type, at key: ObjectKey, bytesMax: Int = 64 << 20
    ) async throws(ObjectStoreError) -> Value? {
        let object: StoredObject
        do {
            object = try await getObject(
                key, range: nil, ifMatch: nil, bytesMax: bytesMax)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        do {
            return try JSONDecoder().decode(type, from: Data(object.body))
        } catch {
            throw ObjectStoreError(
                .invalidResponse, operation: "GetObject", key: key.text,
                detail: "The document is not a \(type)", underlying: error)
        }
    }

    /// Encodes and writes a document.
    /// - Throws: `.preconditionFailed` when the condition does not hold.
    package func putDocument(
        _ value: some Encodable, at key: ObjectKey, condition: WriteCondition? = nil
    ) async throws(ObjectStoreError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes: [UInt8]
        do {
            bytes = Array(try encoder.encode(value))
        } catch {
            throw ObjectStoreError(
                .invalidRequest, operation: "PutObject", key: key.text,
                detail: "The document does not encode", underlying: error)
        }
        try await putObject(
            .bytes(bytes), at: key,
            options: PutOptions(contentType: "application/json", condition: condition))
    }

    /// Writes a document unless one is there.
    /// - Returns: whether this call wrote it.
    package func createDocument(
        _ value: some Encodable, at key: ObjectKey
    ) async throws(ObjectStoreError) -> Bool {
        do {
            try await putDocument(value, at: key, condition: .ifAbsent)
            return true
        } catch {
            guard error.code == .preconditionFailed else { throw error }
            return false
        }
    }

    /// What the store tells of an object, or nil when there is none.
    package func objectInfo(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo? {
        do {
            return try await headObject(key)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Whether an object exists.
    package func objectExists(_ key: ObjectKey) async throws(ObjectStoreError) -> Bool {
        try await objectInfo(key) != nil
    }
}
