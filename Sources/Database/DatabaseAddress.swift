/// An address of a database: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
package struct DatabaseAddress: Sendable, Hashable, CustomStringConvertible {
    /// The kind of database.
    package let kind: DatabaseKind
    /// Path of the file, or the URL with its password.
    let location: String

    /// - Returns: nil if the text is no such address.
    package init?(_ text: String) {
        if text.hasPrefix("sqlite:") {
            kind = .sqlite
            location = String(text.dropFirst("sqlite:".count))
        } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            kind = .postgres
            location = text
        } else {
            return nil
        }
        guard !location.isEmpty, !location.utf8.contains(0) else { return nil }
    }

    /// The address without the password and the parameters.
    package var description: String {
        guard kind == .postgres, let scheme = location.firstRange(of: "://") else {
            return "sqlite:\(location)"
        }
        let rest = location[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count).prefix { $0 != "?" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
        return "postgres://\(host ?? authority)\(path)"
    }

    /// The host of a PostgreSQL URL is this machine: a socket or a loopback address.
    var isLocal: Bool {
        guard kind == .postgres else { return true }
        let host = description.dropFirst("postgres://".count)
            .prefix { $0 != "/" }.split(separator: ":", omittingEmptySubsequences: false)
        let name = host.first.map(String.init) ?? ""
        return name.isEmpty || name == "localhost" || name.hasPrefix("127.")
            || description.hasPrefix("postgres://[::1]") || name.hasPrefix("%2F")
    }
}

/// How a program opens its database.
package struct DatabaseSettings: Sendable {
    /// The schema of a database that is opened.
    package enum SchemaRule: Sendable, Hashable {
        /// Missing migrations are applied.
        case migrate
        /// An older or newer schema is refused.
        case check
        /// The schema is not read.
        case ignore
    }

    /// The address.
    package var address: DatabaseAddress
    /// The rule for its schema.
    package var schema: SchemaRule
    /// Path of the certificates by which a server is verified unless its URL names others; nil
    /// uses the user's own.
    package var certificatesFile: String?
    /// Longest time that a statement may take, and that a transaction waits for others.
    package var timeMax: Duration = .seconds(10)
    /// The migrations of the program.
    package var migrations: [Migration] = Migration.all

    /// Settings: an embedded database is migrated when it is opened, a server's is checked.
    package init(address: DatabaseAddress, certificatesFile: String? = nil) {
        self.address = address
        self.certificatesFile = certificatesFile
        schema = address.kind == .sqlite ? .migrate : .check
    }

    /// The database at the address. Nothing is opened before its first call.
    package func database() -> any Database {
        switch address.kind {
        case .sqlite: SQLiteDatabase(self)
        case .postgres: PostgresDatabase(self)
        }
    }
}
