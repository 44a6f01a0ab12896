package import WallClock

/// Instants, stored as integer milliseconds since 1970 in `_ms` columns.
extension UnixTime: SQLBindable {
    /// The value as the database stores it.
    package var sqlValue: SQLValue { .integer(milliseconds) }
}

extension Row {
    /// The instant in a `_ms` column.
    /// - Throws: `.column` for an unknown name, NULL or another type.
    package func time(_ column: String) throws(DatabaseError) -> UnixTime {
        UnixTime(milliseconds: try integer(column))
    }

    /// The instant in a `_ms` column, which may be NULL.
    /// - Returns: nil for NULL.
    /// - Throws: `.column` for an unknown name or another type.
    package func optionalTime(_ column: String) throws(DatabaseError) -> UnixTime? {
        try optionalInteger(column).map { UnixTime(milliseconds: $0) }
    }
}
