extension ObjectStoreServer {
    /// Whether the index answers and the bucket that everything needs exists.
    package func isHealthy() async -> Bool {
        let bucket = configuration.bucket
        do {
            try await read { try $0.requireBucket(bucket) }
            return true
        } catch {
            return false
        }
    }
}
