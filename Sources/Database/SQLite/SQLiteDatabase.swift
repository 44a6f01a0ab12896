import Glibc
import Synchronization
import Threads

/// One SQLite file (WAL, synchronous=FULL) with a writing and a reading thread outside the
/// cooperative pool. Several processes may open the same file; one writes at a time, the others
/// wait for the busy timeout.
///
/// A write is durable when `transaction` returns. Reads see what was committed
/// when they began and do not wait for writes.
package final class SQLiteDatabase: Database {
    /// `.sqlite`.
    package let kind = DatabaseKind.sqlite
    private let settings: DatabaseSettings
    private let workers = Mutex<Workers>(.unopened)

    private enum Workers {
        case unopened
        case open(writer: DatabaseMailbox, reader: DatabaseMailbox)
        case closed
    }

    /// The database at a path. The first call opens or creates the file, and its folder.
    init(_ settings: DatabaseSettings) { self.settings = settings }

    deinit {
        guard case .open(let writer, let reader) = workers.withLock({ $0 }) else { return }
        writer.stop()
        reader.stop()
    }

    /// Runs the body as one exclusive transaction; those that wait at the same time share one
    /// commit.
    package func transaction<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await opened().writer.perform(isReadOnly: false, body)
    }

    /// Runs the body on a read-only snapshot.
    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await opened().reader.perform(isReadOnly: true, body)
    }

    /// Finishes waiting work and disconnects; later calls throw `.closed`.
    package func close() async {
        let previous = workers.withLock { workers in
            defer { workers = .closed }
            return workers
        }
        guard case .open(let writer, let reader) = previous else { return }
        await reader.end()
        await writer.end()
    }

    private func opened() throws(DatabaseError) -> (
        writer: DatabaseMailbox, reader: DatabaseMailbox
    ) {
        let found = workers.withLock { workers -> (DatabaseMailbox, DatabaseMailbox)? in
            switch workers {
            case .open(let writer, let reader): return (writer, reader)
            case .closed: return nil
            case .unopened:
                let writer = Self.thread(settings, isReadOnly: false)
                let reader = Self.thread(settings, isReadOnly: true)
                workers = .open(writer: writer, reader: reader)
                return (writer, reader)
            }
        }
        guard let found else {
            throw DatabaseError(.closed, detail: "the database was closed")
        }
        return found
    }

    /// Transactions in one commit: bounds the time until a waiting caller is answered.
    private static let batchCountMax = 64

    private static func thread(_ settings: DatabaseSettings, isReadOnly: Bool) -> DatabaseMailbox {
        DatabaseMailbox(capacity: DatabaseMailbox.waitingWorkCountMax) { mailbox in
            let owned = OwnedSQLite(settings, isReadOnly: isReadOnly)
            while let batch = mailbox.receive(atMost: batchCountMax) { owned.commit(batch) }
        }
    }
}

/// The connection of a thread.
///
/// Work that waits at the same time is committed together: each in its own savepoint, one fsync
/// for all, and no outcome is reported before that fsync.
private final class OwnedSQLite {
    private let settings: DatabaseSettings
    private let isReadOnly: Bool
    private var connection: SQLiteConnection?

    init(_ settings: DatabaseSettings, isReadOnly: Bool) {
        self.settings = settings
        self.isReadOnly = isReadOnly
    }

    func commit(_ batch: [DatabaseWork]) {
        var outcomes: [Result<any Sendable, any Error>] = []
        do throws(DatabaseError) {
            let connection = try connected()
            try connection.execute(isReadOnly ? "BEGIN" : "BEGIN IMMEDIATE")
            for work in batch { outcomes.append(try outcome(of: work, on: connection)) }
            try connection.execute("COMMIT")
        } catch {
            _ = try? connection?.execute("ROLLBACK")
            // A file that was replaced or damaged is opened again by the next work.
            if error.code == .unavailable || error.code == .inputOutput { connection = nil }
            outcomes = batch.map { _ in .failure(error) }
        }
        for (work, outcome) in zip(batch, outcomes) { work.finish(outcome) }
    }

    private func outcome(
        of work: DatabaseWork, on connection: SQLiteConnection
    ) throws(DatabaseError) -> Result<any Sendable, any Error> {
        try connection.execute("SAVEPOINT work")
        connection.clearFailure()
        var outcome = Result { try work.run(connection) }
        // A body that returns after a failure has written a part of its work.
        if case .success = outcome, let failure = connection.failure { outcome = .failure(failure) }
        if case .failure = outcome { try connection.execute("ROLLBACK TO work") }
        try connection.execute("RELEASE work")
        return outcome
    }

    private func connected() throws(DatabaseError) -> SQLiteConnection {
        if let connection { return connection }
        let path = settings.address.location
        createPrivately(path)
        let writing = try SQLiteConnection(
            path: path, isReadOnly: false, timeMax: settings.timeMax)
        try settings.prepareSchema(of: writing, begin: "BEGIN IMMEDIATE")
        let made =
            isReadOnly
            ? try SQLiteConnection(path: path, isReadOnly: true, timeMax: settings.timeMax)
            : writing
        connection = made
        return made
    }

    /// Creates a missing file readable by its owner alone: SQLite would use the process's mask.
    /// The files next to it get its permissions. A failure shows when SQLite opens the file.
    private func createPrivately(_ path: String) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            mkdir(String(path[..<slash]), 0o700)
        }
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }
}
