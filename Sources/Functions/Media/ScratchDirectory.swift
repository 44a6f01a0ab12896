import FoundationEssentials
import Glibc

/// Runs a closure with a new folder and removes the folder afterwards.
///
/// - Parameter root: Parent of the folder; `/tmp` on Lambda.
/// - Throws: the closure's error, or Foundation's if the folder cannot be made.
func withScratchDirectory<Result>(
    in root: String, _ body: (String) async throws -> Result
) async throws -> Result {
    let path = root + "/spool-" + UUID().uuidString.lowercased()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    // Best effort: Lambda clears `/tmp` with the instance.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Size of a local file in bytes, or nil when there is none.
func fileBytes(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
}
