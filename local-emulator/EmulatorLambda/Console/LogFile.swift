import Glibc
import Logging
import Synchronization
import Threads

/// Settings of the log file.
package struct LogFileConfiguration: Sendable, Equatable {
    /// Path of the current file; older ones are `path.1` (the newest) to `path.N`.
    package var path: String
    /// Size at which the file is rotated, in bytes.
    package var bytesMax = 10_000_000
    /// Number of files, the current one included.
    package var fileCountMax = 5

    /// Settings with the defaults.
    package init(path: String) { self.path = path }

    /// Reads `SPOOL_LOG_FILE`, `SPOOL_LOG_FILE_BYTES` and `SPOOL_LOG_FILE_COUNT`.
    /// - Returns: nil without `SPOOL_LOG_FILE`.
    /// - Throws: `LogFileError` for a value that cannot be used.
    package init?(environment: [String: String]) throws(LogFileError) {
        guard let path = environment["SPOOL_LOG_FILE"], !path.isEmpty else { return nil }
        self.init(path: path)
        bytesMax = try Self.number(
            "SPOOL_LOG_FILE_BYTES", 10_000...100_000_000_000, environment, else: bytesMax)
        fileCountMax = try Self.number(
            "SPOOL_LOG_FILE_COUNT", 1...1_000, environment, else: fileCountMax)
    }

    private static func number(
        _ name: String, _ bounds: ClosedRange<Int>, _ environment: [String: String],
        else usual: Int
    ) throws(LogFileError) -> Int {
        guard let text = environment[name], !text.isEmpty else { return usual }
        guard let number = Int(text), bounds.contains(number) else {
            throw LogFileError(
                sentence: "\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound),"
                    + " not \(text).")
        }
        return number
    }
}

/// Why the log file cannot be used.
package struct LogFileError: Error, Sendable, CustomStringConvertible {
    /// One sentence for the operator.
    package var sentence: String
    /// The sentence.
    package var description: String { sentence }
}

/// Log lines in a file that is rotated by size.
///
/// A thread writes; `append` never waits for the disk. Lines that a full disk or a slow one
/// cannot take are dropped and counted, and a line says how many once it can. A file holds whole
/// lines only.
package final class LogFile: Sendable {
    private let mailbox: MailboxThread<[UInt8]>
    private let dropped: DroppedLines

    /// Lines that wait for the disk.
    private static let lineCountMax = 10_000

    /// Opens the file, or creates it.
    /// - Throws: `LogFileError` if it cannot be opened.
    package init(_ configuration: LogFileConfiguration) throws(LogFileError) {
        var first = LogFileWriter(configuration)
        guard first.isOpen else {
            throw LogFileError(
                sentence: "The log file \(configuration.path) cannot be written: "
                    + String(cString: strerror(errno)) + ".")
        }
        let dropped = DroppedLines()
        self.dropped = dropped
        mailbox = MailboxThread(capacity: Self.lineCountMax) { mailbox in
            // Of the thread alone from here on.
            var writer = LogFileWriter(configuration)
            while let lines = mailbox.receive() { writer.write(lines, dropped) }
            writer.close()
        }
        first.close()
    }

    deinit { mailbox.stop() }

    /// Adds a line, newline included.
    package func append(_ line: [UInt8]) {
        if mailbox.post(line) == .full { dropped.add(1) }
    }

    /// Writes the waiting lines and closes the file; later lines are dropped.
    package func close() async {
        await withCheckedContinuation { continuation in
            mailbox.stop { continuation.resume() }
        }
    }
}

/// The number of lines that were dropped and not yet reported.
final class DroppedLines: Sendable {
    private let count = Atomic(0)

    func add(_ lines: Int) { count.add(lines, ordering: .relaxed) }

    /// The number, which becomes 0.
    func take() -> Int { count.exchange(0, ordering: .relaxed) }
}

/// The open file of a `LogFile`; of one thread.
struct LogFileWriter {
    private let configuration: LogFileConfiguration
    private var descriptor: Int32 = -1
    private var bytes = 0
    private var number: UInt = 0

    init(_ configuration: LogFileConfiguration) {
        self.configuration = configuration
        _ = reopen()
    }

    /// True if the file is open.
    var isOpen: Bool { descriptor >= 0 }

    /// Writes lines, and the number of those that were dropped before.
    mutating func write(_ lines: [[UInt8]], _ dropped: DroppedLines) {
        follow()
        var lines = lines[...]
        let missing = dropped.take()
        if missing > 0, !append(Self.report(missing)) { dropped.add(missing) }
        while let line = lines.first {
            if bytes > 0, bytes + line.count > configuration.bytesMax { rotate() }
            guard append(line) else {
                dropped.add(lines.count)
                return
            }
            lines = lines.dropFirst()
        }
    }

    private static func report(_ count: Int) -> [UInt8] {
        let line = Mutex<[UInt8]>([])
        Logger(
            fields: ["component": "local-emulator"],
            sink: { text in line.withLock { $0 = text } }
        ).warning("Log lines dropped", ["count": .integer(count)])
        return line.withLock { $0 }
    }

    /// Writes a whole line or nothing.
    private mutating func append(_ line: [UInt8]) -> Bool {
        guard descriptor >= 0 || reopen() else { return false }
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // A part of a line would spoil the next one.
                ftruncate(descriptor, off_t(bytes))
                return false
            }
            rest = rest.dropFirst(count)
        }
        bytes += line.count
        return true
    }

    /// Opens the path again if another program moved or removed the file.
    private mutating func follow() {
        var status = stat()
        if stat(configuration.path, &status) == 0, UInt(status.st_ino) == number { return }
        _ = reopen()
    }

    private mutating func reopen() -> Bool {
        close()
        descriptor = Glibc.open(
            configuration.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close()
            return false
        }
        (bytes, number) = (Int(status.st_size), UInt(status.st_ino))
        return true
    }

    /// Renames every file by one number; the oldest is replaced. Without the right to rename,
    /// the file grows.
    private mutating func rotate() {
        let path = configuration.path
        if configuration.fileCountMax == 1 {
            ftruncate(descriptor, 0)
            bytes = 0
            return
        }
        for number in stride(from: configuration.fileCountMax - 2, through: 1, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        guard rename(path, "\(path).1") == 0 else { return }
        _ = reopen()
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
