import ChildProcess
import EmulatorHTTP
import FoundationEssentials
import Glibc
import Synchronization

/// What a pool knows of one instance: one process, one Runtime API listener.
struct FunctionInstance {
    /// Where an instance is in its life.
    enum Phase: String, Sendable {
        /// The process has not asked for its first invocation.
        case starting
        /// It waits for an invocation.
        case idle
        /// It has an invocation, answered or not, and has not asked for the next.
        case busy
        /// It is being ended.
        case ending
    }

    let number: Int
    let startedAt: ContinuousClock.Instant
    /// The invocation that output belongs to.
    let requestTag = RequestTag()
    var phase = Phase.starting
    var child: Child?
    /// The runtime's open call of `next`.
    var parked: CheckedContinuation<RuntimeNext, Never>?
    var current: RunningInvocation?
    var servedCount = 0
    var initMilliseconds: Double?
    /// What the runtime posted to `init/error`.
    var initFailure: InvocationFailure?
    var idleSince: ContinuousClock.Instant
    /// The time limit was hit, of the start or of an invocation.
    var isTimedOut = false

    init(number: Int, now: ContinuousClock.Instant) {
        self.number = number
        startedAt = now
        idleSince = now
    }

    /// An invocation that is not answered.
    var isWorking: Bool { current.map { !$0.isAnswered } ?? false }
}

/// An invocation that an instance has.
struct RunningInvocation {
    let invocation: Invocation
    let deliveredAt: ContinuousClock.Instant
    let isColdStart: Bool
    let historySequence: Int
    /// Number of the task that waits for the time limit.
    let timer: Int
    var continuation: CheckedContinuation<InvocationOutcome, Never>?
    /// The answer that has begun and not ended.
    var stream: AnswerStream?
    var isAnswered = false
}

/// The answer to a runtime's call of `next`.
enum RuntimeNext: Sendable {
    case invocation(RuntimeDelivery)
    /// The invocation before has not been answered.
    case invalidState
    /// The instance is being ended.
    case gone
}

/// What a runtime is told of an invocation.
struct RuntimeDelivery: Sendable {
    var requestID: String
    var payload: [UInt8]
    var deadlineMilliseconds: Int
    var functionARN: String
    var traceID: String
    var clientContext: String?
}

/// The request ID of what an instance does now; read by threads that collect output.
final class RequestTag: Sendable {
    private let value = Mutex("")
    var requestID: String {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// The process of one instance with everything around it, from start to end.
struct InstanceProcess: Sendable {
    let function: FunctionDefinition
    let number: Int
    let configuration: LambdaConfiguration
    let logs: LogRing
    let requestTag: RequestTag

    /// Starts the listener and the process, and returns when both are gone and
    /// the scratch folder with them.
    /// - Parameters:
    ///   - started: Told of the process once it runs.
    ///   - exited: Told that it is gone, before its listener is.
    /// - Throws: when one of them cannot start.
    func run(
        handler: any HTTPHandler, started: @Sendable (Child) async -> Void,
        exited: @Sendable (ChildResult) async -> Void
    ) async throws -> ChildResult {
        let scratch = "\(configuration.scratchFolder)/\(UUID().uuidString.lowercased())"
        try makeFolder(scratch)
        // A function may think for its whole time limit between two requests:
        // its connection is never closed for being silent.
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(
                threadCount: 1, connectionMemoryBytes: 32 << 10, connectionCountMaximum: 64,
                idleTimeoutSeconds: 0),
            handler: handler)
        let result: Result<ChildResult, any Error>
        do {
            let port = try server.start()
            let ended = try await runProcess(scratch, port: port, started: started)
            await exited(ended)
            result = .success(ended)
        } catch {
            result = .failure(error)
        }
        await server.stop(graceMilliseconds: 0)
        await removeFolder(scratch)
        return try result.get()
    }

    private func runProcess(
        _ scratch: String, port: Int, started: @Sendable (Child) async -> Void
    ) async throws(ChildProcessError) -> ChildResult {
        let words = function.command ?? [configuration.bootstrapPath]
        let environment = configuration.instanceEnvironment(
            for: function, runtimePort: port, scratch: scratch, logStream: logStream())
        let command = ChildCommand(
            executable: programPath(words[0], environment["PATH"]),
            arguments: Array(words.dropFirst()), environment: environment,
            workingDirectory: function.taskRoot ?? configuration.taskRoot)
        let splitters = [makeSplitter(), makeSplitter()]
        let child = try await Child.start(
            command, onStandardOutput: { splitters[0].append($0) },
            onStandardError: { splitters[1].append($0) })
        await started(child)
        let result = await child.wait()
        for splitter in splitters { splitter.finish() }
        return result
    }

    private func makeSplitter() -> LineSplitter {
        LineSplitter { [logs, requestTag, name = function.name] line in
            logs.append(line, function: name, requestID: requestTag.requestID, isOutput: true)
        }
    }

    /// Lambda's form: date, version, a random number.
    private func logStream() -> String {
        let date = Date().formatted(
            Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day().dateSeparator(.omitted))
        let digits = UUID().uuidString.lowercased().filter { $0 != "-" }
        return
            "\(date.prefix(4))/\(date.dropFirst(4).prefix(2))/\(date.suffix(2))/[$LATEST]\(digits)"
    }
}

private struct FolderError: Error, CustomStringConvertible {
    var path: String
    var number: Int32
    var description: String { "The folder \(path) could not be made (error \(number))." }
}

private func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw FolderError(path: path, number: errno) }
}

/// Scratch folders can hold gigabytes: another process removes them, so that
/// no thread of ours waits for the disk.
private func removeFolder(_ path: String) async {
    _ = try? await Child.run(
        ChildCommand(executable: "/bin/rm", arguments: ["-rf", "--", path]))
}

/// Where a program named without a slash is; the name itself when it is nowhere.
private func programPath(_ name: String, _ path: String?) -> String {
    guard !name.contains("/") else { return name }
    let places = (path ?? "").split(separator: ":").map { "\($0)/\(name)" }
    return places.first { access($0, X_OK) == 0 } ?? name
}

/// Largest resident set of a running process, from the kernel's `VmHWM`.
func peakMemoryBytes(ofProcess processID: Int) -> Int? {
    let file = open("/proc/\(processID)/status", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kilobytes = line?.split(separator: " ").dropFirst().first ?? ""
    return Int(kilobytes.trimmingPrefix("\t")).map { $0 << 10 }
}
