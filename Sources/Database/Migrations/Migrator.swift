import WallClock

extension DatabaseSettings {
    /// Applies missing migrations, or checks that none is missing, as the rule says; all in one
    /// transaction, under a lock that other programs wait for.
    /// - Parameter begin: Begins the transaction and takes the lock; nil if it has begun.
    /// - Throws: `.schema` for a schema that this program must not use.
    func prepareSchema(
        of connection: any DatabaseConnection, begin: String?
    ) throws(DatabaseError) {
        if schema == .ignore { return }
        if let begin { try connection.execute(begin) }
        do throws(DatabaseError) {
            switch schema {
            case .ignore: break
            case .migrate: try migrate(connection)
            case .check: try check(connection)
            }
            try connection.execute("COMMIT")
        } catch {
            _ = try? connection.execute("ROLLBACK")
            throw error
        }
    }

    private func migrate(_ connection: any DatabaseConnection) throws(DatabaseError) {
        if connection.kind == .postgres {
            // The bytes of "spool": a key that other programs do not use. Released at the end of
            // the transaction.
            try connection.execute("SELECT pg_advisory_xact_lock($1)", 0x73_70_6F_6F_6C)
        }
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations(
              version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
              applied_ms BIGINT NOT NULL)
            """)
        let state = try state(connection)
        guard case .older(let missing) = state else { return try refuse(state) }
        for migration in missing {
            try connection.runScript(migration.sql)
            try connection.execute(
                "INSERT INTO schema_migrations(version, name, checksum, applied_ms) "
                    + "VALUES($1, $2, $3, $4)",
                migration.version, migration.name, migration.checksum, UnixTime.now())
        }
    }

    private func check(_ connection: any DatabaseConnection) throws(DatabaseError) {
        let table =
            connection.kind == .sqlite
            ? "SELECT 1 AS one FROM sqlite_master WHERE type = 'table' "
                + "AND name = 'schema_migrations'"
            : "SELECT 1 AS one WHERE to_regclass('schema_migrations') IS NOT NULL"
        guard try connection.first(table) != nil else {
            return try refuse(SchemaState(applied: [], known: migrations))
        }
        try refuse(try state(connection))
    }

    private func state(_ connection: any DatabaseConnection) throws(DatabaseError) -> SchemaState {
        var applied: [SchemaState.Applied] = []
        let rows = try connection.query(
            "SELECT version, checksum FROM schema_migrations ORDER BY version")
        for row in rows {
            applied.append(
                SchemaState.Applied(
                    version: try row.integer("version"), checksum: try row.text("checksum")))
        }
        return SchemaState(applied: applied, known: migrations)
    }

    private func refuse(_ state: SchemaState) throws(DatabaseError) {
        if let reason = state.refusal {
            throw DatabaseError(.schema, statement: address.description, detail: reason)
        }
    }
}
