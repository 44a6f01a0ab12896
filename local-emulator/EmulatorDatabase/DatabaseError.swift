/// What SQLite refused, with the statement that it refused.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The file could not be opened or is not a database.
        case open
        /// Another process holds the lock for longer than the busy timeout.
        case busy
        /// A uniqueness, foreign key or check constraint said no.
        case constraint
        /// The disk is full.
        case full
        /// Reading or writing the file failed; durability is no longer known.
        case inputOutput
        /// A column is missing or holds a value of another type.
        case column
        /// The database was closed.
        case closed
        /// Anything else, a fault of ours in most cases.
        case statement
    }

    package var code: Code
    package var statement: String
    /// SQLite's own sentence.
    package var detail: String

    package init(_ code: Code, statement: String, detail: String) {
        self.code = code
        self.statement = statement
        self.detail = detail
    }

    package var description: String {
        "Database \(code.rawValue) error in \"\(statement)\": \(detail)."
    }
}
