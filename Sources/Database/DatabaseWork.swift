import Threads

/// Work for a connection, and the receiver of its outcome.
struct DatabaseWork: Sendable {
    /// True for a snapshot that must not be written.
    var isReadOnly: Bool
    /// Runs inside a transaction; an error rolls it back.
    var run: @Sendable (any DatabaseConnection) throws -> any Sendable
    /// Called once: after the commit, or with the reason why there is none.
    var finish: @Sendable (Result<any Sendable, any Error>) -> Void
}

/// The mailbox of a thread that owns a connection.
typealias DatabaseMailbox = MailboxThread<DatabaseWork>

extension DatabaseMailbox {
    /// Transactions that wait at the same time; further ones fail with `.busy`.
    static var waitingWorkCountMax: Int { 16_384 }

    /// Runs the body on the thread and waits for its outcome.
    func perform<T: Sendable>(
        isReadOnly: Bool, _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            post(
                work: DatabaseWork(isReadOnly: isReadOnly, run: body) { outcome in
                    switch outcome {
                    case .failure(let error): continuation.resume(throwing: error)
                    case .success(let value):
                        guard let value = value as? T else {
                            preconditionFailure("A body's value keeps its type.")
                        }
                        continuation.resume(returning: value)
                    }
                })
        }
    }

    /// Refuses new work, and waits until the work that waits is finished.
    func end() async {
        await withCheckedContinuation { continuation in
            stop { continuation.resume() }
        }
    }

    private func post(work: DatabaseWork) {
        switch post(work) {
        case .accepted: break
        case .full:
            work.finish(
                .failure(DatabaseError(.busy, detail: "\(capacity) transactions wait already")))
        case .stopped:
            work.finish(.failure(DatabaseError(.closed, detail: "the database was closed")))
        }
    }
}
