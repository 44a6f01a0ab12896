import Synchronization

/// A collection of the lines that a logger writes, newline included.
package final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    /// The lines written so far.
    package var all: [String] { lines.withLock { $0 } }

    /// Adds a line; used as a logger's sink.
    package func append(_ bytes: [UInt8]) {
        lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    }
}
