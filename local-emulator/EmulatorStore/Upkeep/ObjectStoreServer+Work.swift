import EmulatorDatabase

extension ObjectStoreServer {
    /// True if the configured bucket has an object below one of the prefixes.
    package func hasObjects(below prefixes: [String]) async throws -> Bool {
        let bucket = configuration.bucket
        return try await read { index in
            for prefix in prefixes {
                let bytes = Array(prefix.utf8)
                let end = ObjectIndex.successor(bytes) ?? [255]
                let rows = try index.connection.query(
                    "SELECT 1 FROM objects WHERE bucket = ? AND key >= ? AND key < ? LIMIT 1",
                    bucket, bytes, end)
                if !rows.isEmpty { return true }
            }
            return false
        }
    }
}
