import Threads

/// Work for a connection, and the receiver of its outcome.
struct DatabaseWork: Sendable {
    /// Runs inside a savepoint; an error rolls the savepoint back.
    var run: @Sendable (Connection) throws -> any Sendable
    /// Called once: after the commit, or with the reason why there is none.
    var finish: @Sendable (Result<any Sendable, any Error>) -> Void
}

/// A thread that owns one connection.
///
/// Work that waits at the same time is committed together: each in its own savepoint, one fsync
/// for all, and no outcome is reported before that fsync.
final class DatabaseThread: Sendable {
    private let mailbox: MailboxThread<DatabaseWork>
    /// Transactions that wait at the same time; further ones fail with `.busy`.
    static let waitingWorkCountMax = 16_384
    /// Transactions in one commit: bounds the time until a waiting caller is answered.
    private static let batchCountMax = 64

    /// - Throws: `.open` when the file cannot be opened or is not a database.
    init(path: String, isWriter: Bool) throws(DatabaseError) {
        let connection = try Connection(path: path, readOnly: !isWriter)
        // SAFETY: created here; from here on only the thread uses it.
        nonisolated(unsafe) let owned = OwnedConnection(connection, isWriter: isWriter)
        mailbox = MailboxThread(capacity: Self.waitingWorkCountMax) { mailbox in
            while let batch = mailbox.receive(atMost: Self.batchCountMax) { owned.commit(batch) }
            // Closed before the end is reported.
            owned.close()
        }
    }

    /// Queues work. Its `finish` is called in any case.
    func post(_ work: DatabaseWork) {
        switch mailbox.post(work) {
        case .accepted: break
        case .full:
            work.finish(
                .failure(
                    DatabaseError(
                        .busy, statement: "",
                        detail: "\(Self.waitingWorkCountMax) transactions are already waiting")))
        case .stopped:
            work.finish(
                .failure(
                    DatabaseError(.closed, statement: "", detail: "the database was closed")))
        }
    }

    /// Refuses new work, finishes the work that waits, closes the connection, and then calls
    /// `done`.
    func close(_ done: @escaping @Sendable () -> Void) { mailbox.stop(onEnd: done) }
}

/// The connection of a thread.
private final class OwnedConnection {
    private var connection: Connection?
    private let isWriter: Bool

    init(_ connection: Connection, isWriter: Bool) {
        self.connection = connection
        self.isWriter = isWriter
    }

    func close() { connection = nil }

    func commit(_ batch: [DatabaseWork]) {
        guard let connection else { return }
        var outcomes: [Result<any Sendable, any Error>] = []
        do throws(DatabaseError) {
            try connection.execute(isWriter ? "BEGIN IMMEDIATE" : "BEGIN")
            for work in batch { outcomes.append(try outcome(of: work, on: connection)) }
            try connection.execute("COMMIT")
        } catch {
            _ = try? connection.query("ROLLBACK")
            outcomes = batch.map { _ in .failure(error) }
        }
        for (work, outcome) in zip(batch, outcomes) { work.finish(outcome) }
    }

    private func outcome(
        of work: DatabaseWork, on connection: Connection
    ) throws(DatabaseError) -> Result<any Sendable, any Error> {
        try connection.execute("SAVEPOINT work")
        let outcome = Result { try work.run(connection) }
        if case .failure = outcome { try connection.execute("ROLLBACK TO work") }
        try connection.execute("RELEASE work")
        return outcome
    }
}
