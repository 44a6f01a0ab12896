import EmulatorDatabase

/// What the shared volume remembers: which asset a file became, and which export a folder is.
enum VolumeTables {
    static func create(in connection: Connection) throws {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS volume_sources(
              identity TEXT PRIMARY KEY, asset TEXT NOT NULL, key TEXT NOT NULL) STRICT
            """)
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS volume_jobs(
              folder TEXT PRIMARY KEY, digest TEXT NOT NULL, body TEXT NOT NULL,
              export TEXT, state TEXT NOT NULL, status TEXT NOT NULL) STRICT
            """)
        try connection.execute(
            "CREATE TABLE IF NOT EXISTS volume_marker(id INTEGER PRIMARY KEY, text TEXT) STRICT")
    }
}

/// The job of a folder, as the database has it.
struct FolderJob: Hashable, Sendable {
    enum State: String, Sendable {
        /// The config was refused, or the job was cancelled before it began.
        case refused
        /// The export is requested; a killed process requests it again with the same body.
        case starting
        case running
        /// `status.json` has the end of the export.
        case ended
    }

    var folder: String
    /// Digest of the config's bytes.
    var digest: String
    /// Body of the request for the export; empty for a refused config.
    var body: String
    /// ID of the export; nil until the request was answered.
    var export: String?
    var state: State
    /// The bytes of `status.json` that were last written.
    var status: String

    init(
        folder: String, digest: String, body: String = "", export: String? = nil, state: State,
        status: String = ""
    ) {
        self.folder = folder
        self.digest = digest
        self.body = body
        self.export = export
        self.state = state
        self.status = status
    }

    init(_ row: Row) throws {
        folder = try row.text("folder")
        digest = try row.text("digest")
        body = try row.text("body")
        export = try row.optionalText("export")
        state = State(rawValue: try row.text("state")) ?? .ended
        status = try row.text("status")
    }

    func save(in connection: Connection) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO volume_jobs VALUES(?,?,?,?,?,?)", folder, digest, body, export,
            state.rawValue, status)
    }

    static func all(in connection: Connection) throws -> [FolderJob] {
        try connection.query("SELECT * FROM volume_jobs").map { try FolderJob($0) }
    }

    static func forget(_ folder: String, in connection: Connection) throws {
        try connection.execute("DELETE FROM volume_jobs WHERE folder = ?", folder)
    }
}
