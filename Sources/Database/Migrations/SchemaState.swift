/// Migrations that a database needs, or the reason why this program must not use it.
package enum SchemaState: Equatable, Sendable {
    /// Every migration was applied.
    case current
    /// These are missing.
    case older(missing: [Migration])
    /// The database has a migration that this program does not know.
    case newer(version: Int, known: Int)
    /// An applied migration has another checksum here.
    case changed(version: Int)

    /// A migration as a database records it.
    package struct Applied: Equatable, Sendable {
        /// Number of the migration.
        package var version: Int
        /// Its checksum when it was applied.
        package var checksum: String

        /// A record.
        package init(version: Int, checksum: String) {
            self.version = version
            self.checksum = checksum
        }
    }

    /// Compares what a database records with what the program knows.
    package init(applied: [Applied], known: [Migration]) {
        let knownMax = known.last?.version ?? 0
        if let newest = applied.map(\.version).max(), newest > knownMax {
            self = .newer(version: newest, known: knownMax)
            return
        }
        for record in applied {
            guard
                known.contains(where: {
                    $0.version == record.version && $0.checksum == record.checksum
                })
            else {
                self = .changed(version: record.version)
                return
            }
        }
        let missing = known.filter { one in !applied.contains { $0.version == one.version } }
        self = missing.isEmpty ? .current : .older(missing: missing)
    }

    /// The reason why the program must not use the database; nil if it is current.
    package var refusal: String? {
        switch self {
        case .current: nil
        case .older(let missing):
            "\(missing.count) migrations are missing: run spool migrate"
        case .newer(let version, let known):
            "its schema has version \(version), and this program knows versions up to \(known)"
        case .changed(let version):
            "migration \(version) differs from the one that was applied"
        }
    }
}
