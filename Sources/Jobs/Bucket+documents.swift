package import ObjectStore

import FoundationEssentials

/// JSON documents in the bucket.
extension Bucket {
    /// Reads and decodes a document.
    /// - Returns: nil if it does not exist.
    /// - Throws: `.invalidResponse` if it does not decode.
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
                detail: "\(ObjectStoreError.undecodable) \(type)", underlying: error)
        }
    }

    /// Encodes and writes a document.
    /// - Throws: `.preconditionFailed` if the condition is not met.
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
                detail: "The document cannot be encoded", underlying: error)
        }
        try await putObject(
            .bytes(bytes), at: key,
            options: PutOptions(contentType: "application/json", condition: condition))
    }

    /// Writes a document unless it exists.
    /// - Returns: true if this call wrote it.
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

    /// Metadata of an object, or nil if it does not exist.
    package func objectInfo(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo? {
        do {
            return try await headObject(key)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// True if the object exists.
    package func objectExists(_ key: ObjectKey) async throws(ObjectStoreError) -> Bool {
        try await objectInfo(key) != nil
    }
}

extension ObjectStoreError {
    fileprivate static let undecodable = "The document cannot be decoded as"

    /// True if a stored document was read, but is not of the expected form.
    package var isUndecodable: Bool {
        code == .invalidResponse && detail?.hasPrefix(Self.undecodable) == true
    }
}
