import CPostgres
import WallClock

/// One connection to PostgreSQL. It belongs to the thread of `PostgresDatabase`.
///
/// It sets nothing that outlives a transaction, and prepares no named statement: a pooler may
/// give each transaction another session of the server.
final class PostgresConnection: DatabaseConnection {
    let kind = DatabaseKind.postgres
    /// The first error since `begin`.
    private(set) var failure: DatabaseError?
    private var isLost = false
    private let handle: OpaquePointer
    private let statementMilliseconds: String

    init(_ settings: DatabaseSettings) throws(DatabaseError) {
        statementMilliseconds = String(settings.timeMax.wholeMilliseconds)
        // Later ones override earlier ones: the URL is the last.
        var parameters = [
            ("application_name", "spool"), ("connect_timeout", "5"), ("keepalives_idle", "10"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String(settings.timeMax.wholeMilliseconds + 5_000)),
            ("client_encoding", "UTF8"),
        ]
        if !settings.address.isLocal { parameters.append(("sslmode", "verify-full")) }
        if let file = settings.certificatesFile { parameters.append(("sslrootcert", file)) }
        parameters.append(("dbname", settings.address.location))
        let opened = withTerminatedTexts(parameters.map(\.0)) { keywords in
            withTerminatedTexts(parameters.map(\.1)) { values in
                PQconnectdbParams(keywords, values, 1)
            }
        }
        guard let opened else { throw DatabaseError(.unavailable, detail: "no memory") }
        guard PQstatus(opened) == CONNECTION_OK else {
            let detail = oneLine(PQerrorMessage(opened))
            PQfinish(opened)
            throw DatabaseError(
                .unavailable, statement: settings.address.description, detail: detail)
        }
        spool_pg_drop_notices(opened)
        handle = opened
    }

    deinit { PQfinish(handle) }

    /// False after the server or the network closed the connection.
    var isOpen: Bool { !isLost && PQstatus(handle) == CONNECTION_OK }

    /// Begins a serializable transaction with a time limit for each statement.
    func begin(isReadOnly: Bool) throws(DatabaseError) {
        failure = nil
        let mode = isReadOnly ? "REPEATABLE READ READ ONLY" : "SERIALIZABLE"
        try runScript("BEGIN ISOLATION LEVEL \(mode); \(limits)")
    }

    /// Begins a transaction that reads what others committed before each statement.
    /// - Parameter hasTimeLimit: False for a migration, which may change a large table.
    func beginReadCommitted(hasTimeLimit: Bool) throws(DatabaseError) {
        failure = nil
        try runScript(
            "BEGIN ISOLATION LEVEL READ COMMITTED; "
                + (hasTimeLimit ? limits : "SET LOCAL statement_timeout = 0"))
    }

    private var limits: String {
        "SET LOCAL statement_timeout = \(statementMilliseconds);"
            + "SET LOCAL idle_in_transaction_session_timeout = 60000"
    }

    func run(
        _ sql: String, values: [any SQLBindable]
    ) throws(DatabaseError) -> (rows: [Row], changedCount: Int) {
        let parameters = PostgresParameters(values.map(\.sqlValue))
        guard !parameters.hasNUL else {
            throw note(
                DatabaseError(.statement, statement: sql, detail: "a text contains a zero byte"))
        }
        let result = parameters.withPointers { types, texts, lengths, formats in
            PQexecParams(handle, sql, Int32(values.count), types, texts, lengths, formats, 0)
        }
        defer { PQclear(result) }
        guard let result else { throw failed(nil, sql) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK:
            return (PostgresRows(result).rows, changedCount(result))
        case PGRES_COMMAND_OK:
            return ([], changedCount(result))
        default:
            throw failed(result, sql)
        }
    }

    func runScript(_ sql: String) throws(DatabaseError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard let result else { throw failed(nil, sql) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            throw failed(result, sql)
        }
    }

    private func changedCount(_ result: OpaquePointer) -> Int {
        Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    private func failed(_ result: OpaquePointer?, _ sql: String) -> DatabaseError {
        let state = result.map { String(cString: spool_pg_state($0)) } ?? ""
        let detail = oneLine(result.map { PQresultErrorMessage($0) } ?? PQerrorMessage(handle))
        // libpq's own errors have no code; it reports the connection as open until it reads again.
        if state.isEmpty || state.hasPrefix("57P") { isLost = true }
        return note(
            DatabaseError(
                isOpen ? Self.code(state) : .unavailable, statement: sql, detail: detail))
    }

    private func note(_ error: DatabaseError) -> DatabaseError {
        failure = failure ?? error
        return error
    }

    /// The kind of a SQLSTATE (PostgreSQL 15, appendix A).
    static func code(_ state: String) -> DatabaseError.Code {
        switch state {
        // Serialization failure and deadlock.
        case "40001", "40P01": .conflict
        // Statement timeout, lock timeout, idle in transaction.
        case "57014", "55P03", "25P03": .busy
        case "53100": .full
        case "58030": .inputOutput
        // A protocol violation, such as a wrong number of parameters.
        case "08P01": .statement
        default:
            switch state.prefix(2) {
            case "23": .constraint
            // Connections, resources, operator's intervention, authorization, missing database.
            case "08", "53", "57", "28", "3D": .unavailable
            default: .statement
            }
        }
    }
}

/// The message without line breaks and the final full stop.
private func oneLine(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "no message" }
    return String(cString: message).split(whereSeparator: \.isNewline)
        .map { line in
            let text = String(line.drop { $0 == " " || $0 == "\t" })
            return text.last == "." ? String(text.dropLast()) : text
        }
        .joined(separator: ", ")
}

/// Calls the body with a NULL-terminated array of C strings.
private func withTerminatedTexts<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R
) -> R {
    let copies = texts.map { Array($0.utf8CString) }
    return withPointers(copies[...], []) { pointers in
        (pointers + [nil]).withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

/// Calls the body with the addresses of the arrays.
private func withPointers<R>(
    _ rest: ArraySlice<[CChar]>, _ found: [UnsafePointer<CChar>?],
    _ body: ([UnsafePointer<CChar>?]) -> R
) -> R {
    guard let next = rest.first else { return body(found) }
    return next.withUnsafeBufferPointer { buffer in
        withPointers(rest.dropFirst(), found + [buffer.baseAddress], body)
    }
}
