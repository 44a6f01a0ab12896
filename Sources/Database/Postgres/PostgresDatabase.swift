import Glibc
import Synchronization
import Threads
import WallClock

/// A PostgreSQL server by one connection, on a thread outside the cooperative pool.
///
/// Transactions are serializable; one that conflicts with another runs again until the time limit
/// of the settings. A lost connection is replaced, and work that was not committed runs again.
package final class PostgresDatabase: Database {
    /// `.postgres`.
    package let kind = DatabaseKind.postgres
    private let settings: DatabaseSettings
    private let worker = Mutex<Worker>(.unopened)

    private enum Worker {
        case unopened
        case open(DatabaseMailbox)
        case closed
    }

    /// The database of a URL. The first call connects.
    init(_ settings: DatabaseSettings) { self.settings = settings }

    deinit {
        if case .open(let mailbox) = worker.withLock({ $0 }) { mailbox.stop() }
    }

    /// Runs the body as one serializable transaction, again after a conflict.
    package func transaction<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await opened().perform(isReadOnly: false, body)
    }

    /// Runs the body on a read-only snapshot.
    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await opened().perform(isReadOnly: true, body)
    }

    /// Finishes waiting work and disconnects; later calls throw `.closed`.
    package func close() async {
        let previous = worker.withLock { worker in
            defer { worker = .closed }
            return worker
        }
        if case .open(let mailbox) = previous { await mailbox.end() }
    }

    private func opened() throws(DatabaseError) -> DatabaseMailbox {
        let found = worker.withLock { worker -> DatabaseMailbox? in
            switch worker {
            case .open(let mailbox): return mailbox
            case .closed: return nil
            case .unopened:
                let settings = settings
                let mailbox = DatabaseMailbox(capacity: DatabaseMailbox.waitingWorkCountMax) {
                    mailbox in
                    let owned = OwnedPostgres(settings)
                    while let work = mailbox.receive(atMost: 1)?.first { owned.perform(work) }
                }
                worker = .open(mailbox)
                return mailbox
            }
        }
        guard let found else {
            throw DatabaseError(.closed, detail: "the database was closed")
        }
        return found
    }
}

/// The connection of the thread.
private final class OwnedPostgres {
    private let settings: DatabaseSettings
    private var connection: PostgresConnection?

    init(_ settings: DatabaseSettings) { self.settings = settings }

    func perform(_ work: DatabaseWork) {
        let end = UnixTime.now() + settings.timeMax
        var attempt = 0
        var mayReconnect = connection != nil
        while true {
            attempt += 1
            do throws(DatabaseError) {
                work.finish(try outcome(of: work))
                return
            } catch {
                if let connection, !connection.isOpen { self.connection = nil }
                let isAgain: Bool
                switch error.code {
                case .conflict: isAgain = UnixTime.now() < end
                case .unavailable:
                    // Once: the server may have closed an idle connection.
                    isAgain = mayReconnect && connection == nil
                    mayReconnect = false
                default: isAgain = false
                }
                guard isAgain else {
                    work.finish(.failure(error))
                    return
                }
                if error.code == .conflict { pause(attempt) }
            }
        }
    }

    /// One attempt.
    /// - Throws: The error of a statement or of the connection; `.inputOutput` if the connection
    ///   was lost during the commit.
    private func outcome(
        of work: DatabaseWork
    ) throws(DatabaseError) -> Result<any Sendable, any Error> {
        let connection = try connected()
        try connection.begin(isReadOnly: work.isReadOnly)
        let outcome = Result { try work.run(connection) }
        if let failure = connection.failure {
            rollBack(connection)
            if case .failure = outcome, failure.code != .conflict, connection.isOpen {
                return outcome
            }
            throw failure
        }
        if case .failure = outcome {
            rollBack(connection)
            return outcome
        }
        do throws(DatabaseError) {
            try connection.runScript("COMMIT")
        } catch {
            var error = error
            if error.code == .unavailable, !work.isReadOnly { error.code = .inputOutput }
            if error.code != .inputOutput { rollBack(connection) }
            throw error
        }
        return outcome
    }

    private func rollBack(_ connection: PostgresConnection) {
        _ = try? connection.runScript("ROLLBACK")
    }

    private func connected() throws(DatabaseError) -> PostgresConnection {
        if let connection { return connection }
        let made = try PostgresConnection(settings)
        if settings.schema != .ignore {
            try made.beginReadCommitted(hasTimeLimit: settings.schema == .check)
            try settings.prepareSchema(of: made, begin: nil)
        }
        connection = made
        return made
    }

    /// Sleeps for a random time that grows with the attempts, at most 100 ms.
    private func pause(_ attempt: Int) {
        let bound = min(100_000, 500 << min(attempt, 8))
        usleep(UInt32.random(in: 100...UInt32(bound)))
    }
}
