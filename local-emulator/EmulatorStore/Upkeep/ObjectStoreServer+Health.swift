extension ObjectStoreServer {
    /// True if the index answers and the configured bucket exists.
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
