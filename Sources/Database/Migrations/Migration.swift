import Crypto

/// One numbered file of `Sources/Database/Migrations`: statements that both databases accept.
///
/// Files are only added, never changed: databases contain their checksums.
package struct Migration: Sendable, Hashable {
    /// Number of the file; the largest applied one is the version of a schema.
    package var version: Int
    /// Name of the file after its number.
    package var name: String
    /// The statements, separated by semicolons.
    package var sql: String

    /// SHA-256 of the statements in lower-case hex.
    package var checksum: String { sha256Hex(sql) }

    /// A migration.
    package init(_ version: Int, _ name: String, _ sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    private init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
        self.init(version, name, String(decoding: bytes, as: UTF8.self))
    }

    /// Every migration of this program, in order. Adding one means adding its file, its line in
    /// `Package.swift` and a line here.
    package static let all: [Migration] = [
        Migration(1, "credits", PackageResources._001_credits_sql)
    ]
}
