import FoundationEssentials
import Jobs
import Notify
import ObjectStore

/// A document with the ETag that a conditional write needs.
struct Versioned<Value: Sendable>: Sendable {
    var value: Value
    var etag: String
}

/// The endpoints of one owner.
struct EndpointDirectory: Sendable {
    let bucket: any Bucket
    let owner: OwnerID

    var keys: WebhookKeys { WebhookKeys(owner: owner) }

    /// Largest number of endpoints of one owner.
    static let endpointCountMax = 50

    /// All endpoints, the oldest first.
    func all() async throws -> [EndpointRecord] {
        let objects = try await bucket.listAllObjects(prefix: keys.endpointsPrefix)
        let bucket = bucket
        let records = try await concurrentMap(objects, limit: 8) { object in
            try await bucket.document(EndpointRecord.self, at: object.key)
        }
        return records.compactMap { $0 }.sorted {
            ($0.createdAt, $0.id) < ($1.createdAt, $1.id)
        }
    }

    func endpoint(_ id: String) async throws -> Versioned<EndpointRecord>? {
        guard let id = EndpointID(id) else { return nil }
        return try await bucket.versioned(EndpointRecord.self, at: keys.endpoint(id))
    }

    /// The secrets of the endpoint with this ID or name; nil if there is none.
    func secrets(named reference: String) async throws -> WebhookSecrets? {
        if let endpoint = try await endpoint(reference) { return endpoint.value.secrets }
        return try await all().first { $0.name == reference }?.secrets
    }

    /// Changes an endpoint. A change by another request in between is kept.
    /// - Returns: The stored record; nil if the endpoint does not exist.
    func change(
        _ id: String, _ body: (inout EndpointRecord) throws -> Void
    ) async throws -> EndpointRecord? {
        guard let key = EndpointID(id).map({ keys.endpoint($0) }) else { return nil }
        for _ in 0..<Self.attemptCountMax {
            guard var found = try await endpoint(id) else { return nil }
            let before = found.value
            try body(&found.value)
            if found.value == before { return before }
            if try await bucket.replace(found.value, at: key, etag: found.etag) != nil {
                return found.value
            }
        }
        throw Problem(
            status: 409, title: "Conflict",
            detail: "The endpoint was changed by other requests. Try again.")
    }

    private static let attemptCountMax = 5
}

extension Bucket {
    /// A document with its ETag; nil if it does not exist.
    func versioned<Value: Decodable & Sendable>(
        _ type: Value.Type, at key: ObjectKey
    ) async throws -> Versioned<Value>? {
        do throws(ObjectStoreError) {
            let object = try await getObject(key, range: nil, ifMatch: nil, bytesMax: 4 << 20)
            guard let value = try? JSONDecoder().decode(type, from: Data(object.body)) else {
                throw ObjectStoreError(
                    .invalidResponse, operation: "GetObject", key: key.text,
                    detail: "The document does not decode as \(type)")
            }
            return Versioned(value: value, etag: object.info.etag)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Writes a document over the version with this ETag, or over none.
    /// - Returns: The new ETag; nil if there is another version, or one at all.
    func replace(
        _ value: some Encodable, at key: ObjectKey, etag: String?
    ) async throws -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = Array(try encoder.encode(value))
        let condition = etag.map { WriteCondition.ifMatch($0) } ?? .ifAbsent
        do throws(ObjectStoreError) {
            return try await putObject(
                .bytes(body), at: key,
                options: PutOptions(contentType: "application/json", condition: condition)
            ).etag
        } catch {
            // The object may have been deleted since it was read.
            guard error.code == .preconditionFailed || error.code == .notFound else { throw error }
            return nil
        }
    }
}
