import FoundationEssentials
import Glibc
import JSON
import Logging
import Synchronization
import Threads
import WallClock

/// Writes every invocation, its event and its answer, to a file of a folder
/// (`--record`): `000042-job-status.json`, numbered in the order of their
/// starts. `spool replay` reads them.
final class InvocationRecorder: Sendable {
    /// What a file is made of.
    struct Entry: Sendable {
        var sequence: Int
        var function: String
        var invocation: InvocationInput
        /// Unix milliseconds.
        var startMilliseconds: Int
        var durationMilliseconds: Double
        /// `ok` or the type of the error.
        var outcome: String
        var answer: [UInt8]
    }

    private struct State {
        var nextSequence: Int
        var waiting: [(name: String, bytes: [UInt8])] = []
        var isFinished = false
        /// Told when the thread has written the last file.
        var finished: CheckedContinuation<Void, Never>?
        var isDone = false
    }

    private let folder: String
    private let logger: Logger
    private let state: Mutex<State>
    private let wakeups = Wakeups()

    /// Makes the folder; what is there already is kept and counted on from.
    init(folder: String, logger: Logger) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let last =
            try FileManager.default.contentsOfDirectory(atPath: folder)
            .compactMap { Int($0.prefix { $0 != "-" }) }.max() ?? 0
        self.folder = folder
        self.logger = logger
        state = Mutex(State(nextSequence: last + 1))
        startThread { self.run() }
    }

    /// The number of an invocation that starts now.
    func nextSequence() -> Int {
        state.withLock { state in
            defer { state.nextSequence += 1 }
            return state.nextSequence
        }
    }

    /// Has an invocation written, soon and by a thread that may wait for the disk.
    func record(_ entry: Entry) {
        let digits = String(entry.sequence)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let name = "\(padded)-\(entry.function).json"
        let bytes = document(entry).bytes
        state.withLock { $0.waiting.append((name, bytes)) }
        wakeups.signal()
    }

    /// Returns when everything is written; nothing is recorded after.
    func finish() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isDone = state.withLock { state in
                state.isFinished = true
                if !state.isDone { state.finished = continuation }
                return state.isDone
            }
            if isDone { continuation.resume() }
            wakeups.signal()
        }
    }

    private func document(_ entry: Entry) -> JSONOutput {
        let invocation = entry.invocation
        var answer: (String, JSONOutput)
        if isJSON(entry.answer) {
            answer = ("answer", .raw(entry.answer))
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
            ("start", .string(UnixTime(milliseconds: entry.startMilliseconds).rfc3339)),
            ("durationMs", .number(entry.durationMilliseconds)),
            ("outcome", .string(entry.outcome)),
            ("event", .raw(invocation.payload)),
            answer,
        ])
    }

    private func run() {
        while true {
            wakeups.wait()
            let (files, isFinished) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isFinished)
            }
            for file in files { write(file.bytes, to: "\(folder)/\(file.name)") }
            guard isFinished else { continue }
            let finished = state.withLock { state in
                state.isDone = true
                defer { state.finished = nil }
                return state.finished
            }
            finished?.resume()
            return
        }
    }

    private func write(_ bytes: [UInt8], to path: String) {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            logger.error(
                "An invocation could not be recorded",
                ["file": .string(path), "error": .string("\(error)")])
        }
    }
}
