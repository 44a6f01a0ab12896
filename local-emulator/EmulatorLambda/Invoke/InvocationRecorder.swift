import FoundationEssentials
import Glibc
import JSON
import Logging
import Synchronization
import Threads
import WallClock

/// Writes each invocation with its event and response to a file (`--record`),
/// numbered in the order of the starts: `000042-job-status.json`. `spool replay`
/// reads these files.
final class InvocationRecorder: Sendable {
    /// The content of a file: an invocation with its response.
    struct Entry: Sendable {
        var sequence: Int
        var function: String
        var invocation: InvocationInput
        /// Start time.
        var startedAt: UnixTime
        var durationMilliseconds: Double
        /// `ok` or the error type.
        var outcome: String
        var answer: [UInt8]
    }

    private struct File: Sendable {
        var name: String
        var bytes: [UInt8]
    }

    private struct State {
        var nextSequence: Int
        /// Total size in bytes of the files that wait to be written.
        var waitingBytes = 0
    }

    /// State shared with the writer thread, which must not keep the recorder alive.
    private final class SharedState: Sendable {
        let value: Mutex<State>

        init(_ state: State) { value = Mutex(state) }
    }

    /// Maximum number of files that wait to be written.
    static let waitingFileCountMax = 4_096
    /// Maximum size in bytes of the files that wait. An event with its response has at most 12 MiB.
    static let waitingBytesMax = 256 << 20

    private let logger: Logger
    private let state: SharedState
    private let thread: MailboxThread<File>

    /// Creates the folder; existing files stay and numbering continues after them.
    init(folder: String, logger: Logger) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let last =
            try FileManager.default.contentsOfDirectory(atPath: folder)
            .compactMap { Int($0.prefix { $0 != "-" }) }.max() ?? 0
        self.logger = logger
        let state = SharedState(State(nextSequence: last + 1))
        self.state = state
        thread = MailboxThread(capacity: Self.waitingFileCountMax) { mailbox in
            while let files = mailbox.receive(atMost: 1) {
                for file in files {
                    Self.write(file.bytes, to: "\(folder)/\(file.name)", logger)
                    state.value.withLock { $0.waitingBytes -= file.bytes.count }
                }
            }
        }
    }

    /// Returns the number of an invocation that starts now.
    func nextSequence() -> Int {
        state.value.withLock { state in
            defer { state.nextSequence += 1 }
            return state.nextSequence
        }
    }

    /// Queues an invocation for the writer thread.
    ///
    /// If the disk is too slow, invocations beyond the limits are not recorded; a
    /// log line names each one.
    func record(_ entry: Entry) {
        let digits = String(entry.sequence)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let file = File(name: "\(padded)-\(entry.function).json", bytes: document(entry).bytes)
        let fits = state.value.withLock { state in
            guard state.waitingBytes + file.bytes.count <= Self.waitingBytesMax else {
                return false
            }
            state.waitingBytes += file.bytes.count
            return true
        }
        guard fits else { return skip(file) }
        guard thread.post(file) != .accepted else { return }
        state.value.withLock { $0.waitingBytes -= file.bytes.count }
        skip(file)
    }

    private func skip(_ file: File) {
        logger.error(
            "Invocation not recorded: too many files are waiting for the disk",
            ["file": .string(file.name)])
    }

    /// Waits until all files are written; later invocations are not recorded.
    func finish() async {
        await withCheckedContinuation { continuation in
            thread.stop { continuation.resume() }
        }
    }

    private func document(_ entry: Entry) -> JSONOutput {
        let invocation = entry.invocation
        var answer: (String, JSONOutput)
        if isJSON(entry.answer) {
            answer = ("answer", .raw(RecordedSecrets.removed(from: entry.answer)))
        } else if let text = String(validating: entry.answer, as: UTF8.self) {
            answer = ("answerText", .string(text))
        } else {
            answer = ("answerBase64", .string(Data(entry.answer).base64EncodedString()))
        }
        return .compact([
            ("version", .integer(1)),
            ("sequence", .integer(entry.sequence)),
            ("function", .string(entry.function)),
            ("requestId", .string(invocation.requestID)),
            ("source", .string(invocation.source.rawValue)),
            ("objectKey", .optional(invocation.objectKey)),
            ("traceId", .string(invocation.traceID)),
            ("clientContext", invocation.clientContext.map { .raw(Array($0.utf8)) }),
            ("start", .string(entry.startedAt.rfc3339)),
            ("durationMs", .number(entry.durationMilliseconds)),
            ("outcome", .string(entry.outcome)),
            ("event", .raw(RecordedSecrets.removed(from: invocation.payload))),
            answer,
        ])
    }

    private static func report(_ path: String, _ logger: Logger) {
        let reason = String(cString: strerror(errno))
        logger.error(
            "Invocation not recorded", ["file": .string(path), "error": .string(reason)])
    }

    private static func write(_ bytes: [UInt8], to path: String, _ logger: Logger) {
        // Events and responses are their owners': only this user may read them.
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return report(path, logger) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return report(path, logger) }
            rest = rest.dropFirst(count)
        }
        if rename(temporary, path) != 0 { report(path, logger) }
    }
}
