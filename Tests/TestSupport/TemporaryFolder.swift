import FoundationEssentials

/// Runs the body with a new folder, which is removed afterwards.
package func withTemporaryFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let path = LocalFile.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
