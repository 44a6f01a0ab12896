/// The two kinds of database, for the few statements that differ.
package enum DatabaseKind: String, Sendable, Hashable, CaseIterable {
    case sqlite
    case postgres
}

/// Relational tables in SQLite or PostgreSQL.
///
/// Transactions are serializable on both: their result is that of some order of one after
/// another. Statements are those that both accept (docs/database.md), with parameters `$1`, `$2`.
/// Making a value opens nothing: the first call opens a connection, and a call after a failure
/// opens another.
package protocol Database: Sendable {
    /// The kind of database.
    var kind: DatabaseKind { get }

    /// Runs the body as one transaction and makes it durable.
    ///
    /// The body runs on a thread of the database and must not block on anything but the
    /// connection. It may run several times, after a conflict or a lost connection; only its last
    /// run counts.
    /// - Throws: The body's error, after a rollback; `DatabaseError` of the commit, or of the
    ///   first statement that failed if the body caught it and returned.
    func transaction<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T

    /// Runs the body on a read-only snapshot, under the same rules.
    /// - Throws: The body's error; `DatabaseError` for an attempted write.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T

    /// Finishes waiting work and closes the connections; later calls throw `.closed`.
    func close() async
}

/// The connection inside a transaction.
package protocol DatabaseConnection: AnyObject {
    /// The kind of database.
    var kind: DatabaseKind { get }

    /// Runs one statement with as many values as it has parameters.
    /// - Returns: Its rows, and the number of rows that it inserted, changed or deleted.
    func run(
        _ sql: String, values: [any SQLBindable]
    ) throws(DatabaseError) -> (rows: [Row], changedCount: Int)

    /// Runs statements without parameters, separated by semicolons.
    func runScript(_ sql: String) throws(DatabaseError)
}

extension DatabaseConnection {
    /// Runs one statement and ignores its rows.
    package func execute(
        _ sql: String, _ values: (any SQLBindable)...
    ) throws(DatabaseError) {
        _ = try run(sql, values: values)
    }

    /// Runs one statement.
    /// - Returns: The number of rows that it inserted, changed or deleted.
    package func change(
        _ sql: String, _ values: (any SQLBindable)...
    ) throws(DatabaseError) -> Int {
        try run(sql, values: values).changedCount
    }

    /// Runs one statement and returns its rows.
    package func query(
        _ sql: String, _ values: (any SQLBindable)...
    ) throws(DatabaseError) -> [Row] {
        try run(sql, values: values).rows
    }

    /// Runs one statement and returns its first row; nil if it has none.
    package func first(
        _ sql: String, _ values: (any SQLBindable)...
    ) throws(DatabaseError) -> Row? {
        try run(sql, values: values).rows.first
    }
}
