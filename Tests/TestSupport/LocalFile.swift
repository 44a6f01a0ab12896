import Glibc

/// Small local files for tests.
package enum LocalFile {
    /// Writes a file and replaces an existing one.
    /// - Returns: true if every byte was written.
    package static func write(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = fopen(path, "wb") else { return false }
        defer { fclose(file) }
        return fwrite(bytes, 1, bytes.count, file) == bytes.count
    }

    /// Reads a range of a file.
    /// - Parameter count: The length of the range in bytes; nil reads to the end.
    /// - Returns: nil unless the whole range exists.
    package static func read(_ path: String, offset: Int = 0, count: Int? = nil) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let wanted = count ?? ftell(file) - offset
        guard wanted >= 0, fseek(file, offset, SEEK_SET) == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: wanted)
        return fread(&bytes, 1, wanted, file) == wanted ? bytes : nil
    }

    /// The folder of temporary files: `TMPDIR`, which `scripts/swift-test` removes at the end.
    package static let scratch = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

    /// Creates an empty folder and returns its path.
    package static func temporaryFolder() -> String {
        var template = Array("\(scratch)/spool-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            preconditionFailure("the temporary folder can be written")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
