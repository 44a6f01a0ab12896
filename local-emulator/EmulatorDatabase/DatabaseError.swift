/// A refusal of SQLite, with its statement.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure.
    package enum Code: String, Sendable, Hashable {
        /// The file could not be opened or is not a database.
        case open
        /// Another process held the lock for longer than the busy timeout, or too many
        /// transactions wait.
        case busy
        /// A uniqueness, foreign key or check constraint failed.
        case constraint
        /// The disk is full.
        case full
        /// Reading or writing the file failed; whether the change is durable is unknown.
        case inputOutput
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
    /// SQLite's message.
    package var detail: String

    /// An error.
    package init(_ code: Code, statement: String, detail: String) {
        self.code = code
        self.statement = statement
        self.detail = detail
    }

    /// One sentence with the kind, the statement and SQLite's message.
    package var description: String {
        "Database \(code.rawValue) error in \"\(statement)\": \(detail)."
    }
}
