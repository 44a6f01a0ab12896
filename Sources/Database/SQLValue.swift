/// One value of a column or a parameter: SQLite's five storage classes.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// A Swift value that a statement's parameter can take.
package protocol SQLBindable {
    /// The value as the database stores it.
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { self }
}

extension Int: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { .integer(self) }
}

extension Bool: SQLBindable {
    /// 1 or 0: boolean columns are BIGINT.
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension Double: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { .real(self) }
}

extension String: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { .text(self) }
}

extension [UInt8]: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { .blob(self) }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

/// One row of a result, its columns found by name.
package struct Row: Sendable {
    let columns: [String]
    let values: [SQLValue]

    /// The value in a column.
    /// - Throws: `.column` for an unknown name.
    package func value(_ column: String) throws(DatabaseError) -> SQLValue {
        guard let index = columns.firstIndex(of: column) else {
            throw DatabaseError(.column, statement: column, detail: "the row has \(columns)")
        }
        return values[index]
    }

    /// The integer in a column.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func integer(_ column: String) throws(DatabaseError) -> Int {
        guard let value = try optionalInteger(column) else { throw mismatch(column, "integer") }
        return value
    }

    /// The integer in a column, which may be NULL.
    /// - Returns: nil for NULL.
    /// - Throws: `.column` for an unknown name or another type.
    package func optionalInteger(_ column: String) throws(DatabaseError) -> Int? {
        switch try value(column) {
        case .null: return nil
        case .integer(let value): return value
        case .real, .text, .blob: throw mismatch(column, "integer")
        }
    }

    /// The real in a column; integers are accepted, as sums of PostgreSQL may be whole numbers.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func real(_ column: String) throws(DatabaseError) -> Double {
        switch try value(column) {
        case .real(let value): return value
        case .integer(let value): return Double(value)
        case .null, .text, .blob: throw mismatch(column, "real")
        }
    }

    /// True if the integer in a column is not 0.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func boolean(_ column: String) throws(DatabaseError) -> Bool {
        try integer(column) != 0
    }

    /// The text in a column.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func text(_ column: String) throws(DatabaseError) -> String {
        guard let value = try optionalText(column) else { throw mismatch(column, "text") }
        return value
    }

    /// The text in a column, which may be NULL.
    /// - Returns: nil for NULL.
    /// - Throws: `.column` for an unknown name or another type.
    package func optionalText(_ column: String) throws(DatabaseError) -> String? {
        switch try value(column) {
        case .null: return nil
        case .text(let value): return value
        case .integer, .real, .blob: throw mismatch(column, "text")
        }
    }

    /// The bytes in a column.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func blob(_ column: String) throws(DatabaseError) -> [UInt8] {
        guard let value = try optionalBlob(column) else { throw mismatch(column, "blob") }
        return value
    }

    /// The bytes in a column, which may be NULL.
    /// - Returns: nil for NULL.
    /// - Throws: `.column` for an unknown name or another type.
    package func optionalBlob(_ column: String) throws(DatabaseError) -> [UInt8]? {
        switch try value(column) {
        case .null: return nil
        case .blob(let value): return value
        case .integer, .real, .text: throw mismatch(column, "blob")
        }
    }

    private func mismatch(_ column: String, _ type: String) -> DatabaseError {
        DatabaseError(.column, statement: column, detail: "the column does not contain \(type)")
    }
}
