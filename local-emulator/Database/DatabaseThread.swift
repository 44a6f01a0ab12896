import Glibc
import Synchronization

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
    private let wakeups: Wakeups
    private let isWriter: Bool
    /// Most transactions in one commit: bounds what a waiting caller waits for.
    private static let batchMaximum = 64

    /// - Throws: `.open` when the file cannot be opened or is no database.
    init(path: String, isWriter: Bool) throws(DatabaseError) {
        self.isWriter = isWriter
        wakeups = Wakeups()
        let connection = try Connection(path: path, readOnly: !isWriter)
        let start = ThreadStart(thread: self, connection: connection)
        var identifier = pthread_t()
        let status = pthread_create(
            &identifier, nil, runDatabaseThread, Unmanaged.passRetained(start).toOpaque())
        guard status == 0 else {
            throw DatabaseError(.open, statement: path, detail: "pthread_create: \(status)")
        }
        pthread_detach(identifier)
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

    fileprivate func run(_ start: ThreadStart) {
        while true {
            let (work, isClosed) = inbox.withLock { inbox in
                let batch = Array(inbox.work.prefix(Self.batchMaximum))
                inbox.work.removeFirst(batch.count)
                return (batch, inbox.isClosed)
            }
            if !work.isEmpty, let connection = start.connection {
                commit(work, on: connection)
            } else if isClosed {
                start.connection = nil
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

/// Carries the connection to its thread.
private final class ThreadStart {
    let thread: DatabaseThread
    var connection: Connection?

    init(thread: DatabaseThread, connection: Connection) {
        self.thread = thread
        self.connection = connection
    }
}

private func runDatabaseThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    start.thread.run(start)
    return nil
}

/// A counting semaphore that lives as long as its owner.
private final class Wakeups: @unchecked Sendable {
    // SAFETY: the pointer never changes, and POSIX semaphores may be used from
    // any thread; it is destroyed when no reference is left.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
