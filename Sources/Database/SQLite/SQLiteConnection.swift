import CSQLite
import Glibc
import WallClock

/// One SQLite connection with its prepared statements. It belongs to one thread of
/// `SQLiteDatabase`, which passes it to the body of a transaction.
final class SQLiteConnection: DatabaseConnection {
    let kind = DatabaseKind.sqlite
    /// The first error since `clearFailure`.
    private(set) var failure: DatabaseError?
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    /// Cached prepared statements; at this number the cache is emptied.
    private static let cachedStatementCountMax = 256

    init(path: String, isReadOnly: Bool, timeMax: Duration) throws(DatabaseError) {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            | (isReadOnly ? 0 : SQLITE_OPEN_CREATE)
        let status = sqlite3_open_v2(path, &opened, flags, nil)
        guard status == SQLITE_OK, let opened else {
            let detail = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"
            sqlite3_close_v2(opened)
            throw DatabaseError(.unavailable, statement: path, detail: detail)
        }
        handle = opened
        sqlite3_busy_timeout(handle, Int32(clamping: timeMax.wholeMilliseconds))
        try useWriteAheadLog(until: UnixTime.now() + timeMax)
        // FULL: a commit that returned survives a power cut (sqlite.org/pragma).
        try execute("PRAGMA synchronous=FULL")
        try execute("PRAGMA foreign_keys=ON")
        if isReadOnly { try execute("PRAGMA query_only=ON") }
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Switches the file to WAL. SQLite does not wait for a process that does the same.
    private func useWriteAheadLog(until end: UnixTime) throws(DatabaseError) {
        while true {
            do throws(DatabaseError) {
                try execute("PRAGMA journal_mode=WAL")
                return
            } catch {
                guard error.code == .busy, UnixTime.now() < end else { throw error }
                usleep(5_000)
            }
        }
    }

    func clearFailure() { failure = nil }

    func run(
        _ sql: String, values: [any SQLBindable]
    ) throws(DatabaseError) -> (rows: [Row], changedCount: Int) {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        let count = Int(sqlite3_bind_parameter_count(statement))
        guard values.count == count else {
            throw note(
                DatabaseError(
                    .statement, statement: sql,
                    detail: "\(count) parameters, but \(values.count) values"))
        }
        for index in 0..<count {
            // $2 may be read before $1: its index is the order of appearance.
            let parameter = Int32(index + 1)
            let number = number(of: parameter, in: statement) ?? index + 1
            guard values.indices.contains(number - 1) else {
                throw note(
                    DatabaseError(.statement, statement: sql, detail: "no value for $\(number)"))
            }
            try bind(values[number - 1].sqlValue, at: parameter, of: statement, sql)
        }
        let rows = try rows(of: statement, sql)
        return (rows, Int(sqlite3_changes64(handle)))
    }

    func runScript(_ sql: String) throws(DatabaseError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failed(sql) }
    }

    /// The number in a parameter's name; nil for `?`.
    private func number(of parameter: Int32, in statement: OpaquePointer) -> Int? {
        sqlite3_bind_parameter_name(statement, parameter)
            .flatMap { Int(String(cString: $0).dropFirst()) }
    }

    private func prepared(_ sql: String) throws(DatabaseError) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        if statements.count >= Self.cachedStatementCountMax {
            for statement in statements.values { sqlite3_finalize(statement) }
            statements = [:]
        }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement
        else { throw failed(sql) }
        statements[sql] = statement
        return statement
    }

    private func bind(
        _ value: SQLValue, at index: Int32, of statement: OpaquePointer, _ sql: String
    ) throws(DatabaseError) {
        let status =
            switch value {
            case .null: sqlite3_bind_null(statement, index)
            case .integer(let value): sqlite3_bind_int64(statement, index, Int64(value))
            case .real(let value): sqlite3_bind_double(statement, index, value)
            case .text(let value): bindText(value, index, statement)
            case .blob(let bytes): bindBlob(bytes, index, statement)
            }
        guard status == SQLITE_OK else { throw failed(sql) }
    }

    private func bindText(_ value: String, _ index: Int32, _ statement: OpaquePointer) -> Int32 {
        var value = value
        return value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else {
                    return spool_sqlite3_bind_text(statement, index, "", 0)
                }
                return spool_sqlite3_bind_text(statement, index, start, UInt64(bytes.count))
            }
        }
    }

    private func bindBlob(_ bytes: [UInt8], _ index: Int32, _ statement: OpaquePointer) -> Int32 {
        guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return spool_sqlite3_bind_blob(statement, index, bytes, UInt64(bytes.count))
    }

    private func rows(of statement: OpaquePointer, _ sql: String) throws(DatabaseError) -> [Row] {
        var columns: [String] = []
        var rows: [Row] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_DONE: return rows
            case SQLITE_ROW:
                let count = sqlite3_column_count(statement)
                if columns.isEmpty {
                    columns = (0..<count).map {
                        String(cString: sqlite3_column_name(statement, $0))
                    }
                }
                rows.append(
                    Row(columns: columns, values: (0..<count).map { column($0, of: statement) }))
            default: throw failed(sql)
            }
        }
    }

    private func column(_ index: Int32, of statement: OpaquePointer) -> SQLValue {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(Int(sqlite3_column_int64(statement, index)))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let start = sqlite3_column_text(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            return .text(
                String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }

    private func failed(_ sql: String) -> DatabaseError {
        let code: DatabaseError.Code =
            switch sqlite3_extended_errcode(handle) & 0xFF {
            case SQLITE_BUSY, SQLITE_LOCKED: .busy
            case SQLITE_CONSTRAINT: .constraint
            case SQLITE_FULL: .full
            case SQLITE_IOERR: .inputOutput
            case SQLITE_NOTADB, SQLITE_CORRUPT, SQLITE_CANTOPEN: .unavailable
            default: .statement
            }
        return note(
            DatabaseError(code, statement: sql, detail: String(cString: sqlite3_errmsg(handle))))
    }

    private func note(_ error: DatabaseError) -> DatabaseError {
        failure = failure ?? error
        return error
    }
}
