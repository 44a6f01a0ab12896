import Synchronization
import Threads

/// Work for a connection, and what to do with its outcome once it is durable.
struct DatabaseWork: Sendable {
    /// Runs inside a savepoint; what it throws rolls the savepoint back.
    var run: @Sendable (Connection) throws -> any Sendable
    var finish: @Sendable (Result<any Sendable, any Error>) -> Void
}

/// A thread that owns one connection and works through an inbox.
///
/// Work that waits together is committed together: each in its own savepoint,
/// one fsync for all, and no outcome is told before that fsync.
final class DatabaseThread: Sendable {
    private struct Inbox {
        var work: [DatabaseWork] = []
        var isClosed = false
        var onClosed: [@Sendable () -> Void] = []
    }

    private let inbox = Mutex(Inbox())
    private let wakeups = Wakeups()
    private let isWriter: Bool
    /// Most transactions in one commit: bounds what a waiting caller waits for.
    private static let batchMaximum = 64

    /// - Throws: `.open` when the file cannot be opened or is no database.
    init(path: String, isWriter: Bool) throws(DatabaseError) {
        self.isWriter = isWriter
        let connection = try Connection(path: path, readOnly: !isWriter)
        // SAFETY: made here; from here on it is that thread's alone.
        nonisolated(unsafe) let own = OwnConnection(connection)
        startThread { self.run(own) }
    }

    func post(_ work: DatabaseWork) {
        let isClosed = inbox.withLock { inbox in
            if !inbox.isClosed { inbox.work.append(work) }
            return inbox.isClosed
        }
        if isClosed {
            let error = DatabaseError(.closed, statement: "", detail: "the database was closed")
            work.finish(.failure(error))
        } else {
            wakeups.signal()
        }
    }

    /// Refuses new work, ends what is waiting, closes the connection.
    func close(_ done: @escaping @Sendable () -> Void) {
        let isClosed = inbox.withLock { inbox in
            defer { inbox.isClosed = true }
            if !inbox.isClosed { inbox.onClosed.append(done) }
            return inbox.isClosed
        }
        if isClosed { done() } else { wakeups.signal() }
    }

    private func run(_ own: OwnConnection) {
        while true {
            let (work, isClosed) = inbox.withLock { inbox in
                let batch = Array(inbox.work.prefix(Self.batchMaximum))
                inbox.work.removeFirst(batch.count)
                return (batch, inbox.isClosed)
            }
            if !work.isEmpty, let connection = own.connection {
                commit(work, on: connection)
            } else if isClosed {
                own.connection = nil
                let callbacks = inbox.withLock { inbox in inbox.onClosed }
                for callback in callbacks { callback() }
                return
            } else {
                wakeups.wait()
            }
        }
    }

    private func commit(_ batch: [DatabaseWork], on connection: Connection) {
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

/// What the thread has and lets go of when it ends.
private final class OwnConnection {
    var connection: Connection?

    init(_ connection: Connection) { self.connection = connection }
}
