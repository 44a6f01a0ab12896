/// A refusal of a database, with its statement.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure.
    package enum Code: String, Sendable, Hashable {
        /// The file cannot be opened or is no database; the server cannot be reached or refuses.
        case unavailable
        /// The schema is newer or older than this program, or an applied migration was changed.
        case schema
        /// A lock was held for longer than the time limit, or too many transactions wait.
        case busy
        /// Other transactions changed what this one read, at every attempt.
        case conflict
        /// A uniqueness, foreign key or check constraint failed.
        case constraint
        /// The disk is full.
        case full
        /// The file or the connection failed during the commit: it is unknown whether the change
        /// is durable.
        case inputOutput = "input/output"
        /// A column is missing or holds a value of another type.
        case column
        /// The database was closed.
        case closed
        /// Any other failure, usually a defect of the caller.
        case statement
    }

    /// The kind of failure.
    package var code: Code
    /// The SQL text; empty when no statement ran.
    package var statement: String
    /// The database's message.
    package var detail: String

    /// An error.
    package init(_ code: Code, statement: String = "", detail: String) {
        self.code = code
        self.statement = statement
        self.detail = detail
    }

    /// One sentence with the kind, the statement and the database's message.
    package var description: String {
        let place = statement.isEmpty ? "" : " in \"\(statement)\""
        return "Database \(code.rawValue) error\(place): \(detail)."
    }
}
