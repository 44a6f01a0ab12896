import Foundation

/// Gives a closure a fresh folder and removes it on every way out.
///
/// - Parameter root: Where the folder is made; on Lambda `/tmp`.
/// - Throws: whatever the closure throws, or Foundation's error when the
///   folder cannot be made.
func withScratchDirectory<Result>(
    in root: String, _ body: (String) async throws -> Result
) async throws -> Result {
    let path = root + "/spool-" + UUID().uuidString.lowercased()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Size of a local file in bytes, or nil when there is none.
func fileBytes(_ path: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue
}
