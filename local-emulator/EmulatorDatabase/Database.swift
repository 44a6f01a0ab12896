import Glibc

/// One SQLite file (WAL, synchronous=FULL) with a writing and a reading thread outside the
/// cooperative pool.
///
/// A write is durable when `transaction` returns. Reads see what was committed
/// when they began and do not wait for writes.
package final class Database: Sendable {
    /// Path of the file.
    package let path: String
    private let writer: DatabaseThread
    private let reader: DatabaseThread

    /// Opens the file, or creates it in an existing folder.
    /// - Throws: `.open`.
    package init(path: String) throws(DatabaseError) {
        self.path = path
        // SQLite gives the log and the shared memory the mode of the file.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if file >= 0 {
            fchmod(file, 0o600)
            Glibc.close(file)
        }
        for suffix in ["-wal", "-shm"] { chmod(path + suffix, 0o600) }
        writer = try DatabaseThread(path: path, isWriter: true)
        do {
            reader = try DatabaseThread(path: path, isWriter: false)
        } catch {
            writer.close {}
            throw error
        }
    }

    deinit {
        writer.close {}
        reader.close {}
    }

    /// Runs the body as one exclusive transaction and makes it durable.
    ///
    /// Transactions that wait at the same time share one commit. The body must
    /// not block on anything but the connection.
    /// - Throws: The body's error, after a rollback; `DatabaseError` when the commit
    ///   fails or too many transactions wait.
    package func transaction<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await run(body, on: writer)
    }

    /// Runs the body on a read-only snapshot.
    /// - Throws: The body's error; `DatabaseError` for an attempted write.
    package func read<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await run(body, on: reader)
    }

    /// Finishes waiting work and closes the file; later calls throw `.closed`.
    package func close() async {
        for thread in [reader, writer] {
            await withCheckedContinuation { continuation in
                thread.close { continuation.resume() }
            }
        }
    }

    private func run<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> T, on thread: DatabaseThread
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            thread.post(
                DatabaseWork(run: body) { outcome in
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
}
