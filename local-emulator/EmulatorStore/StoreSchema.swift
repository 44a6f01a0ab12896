import EmulatorDatabase
import WallClock

/// The tables of the store.
///
/// Keys are BLOBs: they sort by their UTF-8 bytes, and NUL is an ordinary byte. Instants are
/// `_ms` columns, integer milliseconds since 1970.
enum StoreSchema {
    private static let statements = [
        """
        CREATE TABLE IF NOT EXISTS buckets(
          name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS bucket_configurations(
          bucket TEXT NOT NULL REFERENCES buckets(name), name TEXT NOT NULL,
          document BLOB NOT NULL, PRIMARY KEY(bucket, name)) WITHOUT ROWID
        """,
        // Exactly one of blob, inline_id and pieces is set.
        """
        CREATE TABLE IF NOT EXISTS objects(
          bucket TEXT NOT NULL REFERENCES buckets(name), key BLOB NOT NULL, etag TEXT NOT NULL,
          size INTEGER NOT NULL, modified_ms INTEGER NOT NULL, headers TEXT NOT NULL, blob TEXT,
          inline_id INTEGER, part_sizes TEXT NOT NULL, sequencer TEXT NOT NULL, pieces TEXT,
          crc64 TEXT NOT NULL DEFAULT '', PRIMARY KEY(bucket, key)) WITHOUT ROWID
        """,
        // The blobs of a body that was uploaded in parts, by their start in the body.
        """
        CREATE TABLE IF NOT EXISTS pieces(
          id TEXT NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL, blob TEXT NOT NULL,
          PRIMARY KEY(id, start)) WITHOUT ROWID
        """,
        "CREATE INDEX IF NOT EXISTS objects_blob ON objects(blob) WHERE blob IS NOT NULL",
        "CREATE TABLE IF NOT EXISTS inline_bodies(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
        """
        CREATE TABLE IF NOT EXISTS uploads(
          id TEXT PRIMARY KEY, bucket TEXT NOT NULL REFERENCES buckets(name), key BLOB NOT NULL,
          headers TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS parts(
          upload_id TEXT NOT NULL REFERENCES uploads(id), number INTEGER NOT NULL,
          etag TEXT NOT NULL, size INTEGER NOT NULL, blob TEXT NOT NULL,
          modified_ms INTEGER NOT NULL, checksums TEXT NOT NULL DEFAULT '{}',
          PRIMARY KEY(upload_id, number)) WITHOUT ROWID
        """,
        "CREATE INDEX IF NOT EXISTS parts_blob ON parts(blob)",
        """
        CREATE TABLE IF NOT EXISTS completed_uploads(
          id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL,
          completed_ms INTEGER NOT NULL) WITHOUT ROWID
        """,
        // Blobs without references and the instants to unlink them.
        """
        CREATE TABLE IF NOT EXISTS dead_blobs(
          blob TEXT PRIMARY KEY, unlink_ms INTEGER NOT NULL) WITHOUT ROWID
        """,
        "CREATE TABLE IF NOT EXISTS store_sequence(id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
        "INSERT OR IGNORE INTO store_sequence VALUES(1, 0)",
    ]

    /// Columns that files of earlier versions lack.
    private static let laterColumns = [
        ("objects", "pieces", "TEXT"), ("objects", "crc64", "TEXT NOT NULL DEFAULT ''"),
        ("parts", "checksums", "TEXT NOT NULL DEFAULT '{}'"),
    ]

    /// Creates missing tables and columns.
    static func create(in connection: Connection) throws(DatabaseError) {
        for statement in statements { try connection.execute(statement) }
        for (table, column, type) in laterColumns {
            let known = try connection.query("PRAGMA table_info(\(table))")
            if !known.contains(where: { (try? $0.text("name")) == column }) {
                try connection.execute("ALTER TABLE \(table) ADD COLUMN \(column) \(type)")
            }
        }
        try ObjectEventOutbox.create(in: connection)
    }
}
