import ChildProcess
import EmulatorHTTP
import FoundationEssentials
import Glibc

/// The process of one instance and its resources, from start to end.
struct InstanceProcess: Sendable {
    let function: FunctionDefinition
    let number: Int
    let configuration: LambdaConfiguration
    let logs: LogRing
    let requestTag: RequestTag
    /// Beginning of the paths of its Runtime API.
    let runtimePath: String

    /// Maximum size in MB of a `/tmp` in memory. A larger one is a folder on
    /// disk, where the limit applies to each file but not to the total.
    private static let memoryTmpMegabytesMax = 1_024
    /// Time to read what an ended process has sent. Its children may keep its connection open,
    /// and a slow caller its response.
    private static let drainTimeMax = Duration.seconds(1)

    /// Starts the listener and the process. Returns when both have ended and the
    /// scratch folder is removed.
    /// - Parameters:
    ///   - started: Called once the process runs.
    ///   - exited: Called when the process is reaped; its listener still runs.
    ///   - drained: Called when the listener has read what the process had sent.
    /// - Throws: an error if the listener or the process cannot start.
    func run(
        handler: any HTTPHandler, started: @Sendable (Child) async -> Void,
        exited: @Sendable (ChildResult) async -> Void,
        drained: @Sendable (ChildResult) async -> Void
    ) async throws -> ChildResult {
        let scratch = "\(configuration.scratchFolder)/\(UUID().uuidString.lowercased())"
        // A function may be silent for its whole timeout between two requests, so
        // its connection has no idle limit.
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(
                threadCount: 1, connectionMemoryBytes: 32 << 10, connectionCountMax: 64,
                idleTimeout: .zero),
            handler: handler)
        let result: Result<ChildResult, any Error>
        do {
            try makeFolder(scratch)
            let port = try server.start()
            let ended = try await runProcess(scratch, port: port, started: started)
            await exited(ended)
            // Under load a response can wait in the socket of a process that has ended.
            await server.waitForDisconnects(atMost: Self.drainTimeMax)
            await drained(ended)
            result = .success(ended)
        } catch {
            result = .failure(error)
        }
        await server.stop(grace: .zero)
        await removeFolder(scratch)
        return try result.get()
    }

    private func runProcess(
        _ scratch: String, port: Int, started: @Sendable (Child) async -> Void
    ) async throws(ChildProcessError) -> ChildResult {
        let words = function.command ?? [configuration.bootstrapPath]
        var environment = configuration.instanceEnvironment(
            for: function, runtimeAPI: "127.0.0.1:\(port)\(runtimePath)", logStream: logStream())
        let program = programPath(words[0], environment["PATH"])
        let folder = function.taskRoot ?? configuration.taskRoot
        let mayHide = !needsSharedTmp([program, folder] + words + environment.values)
        let (tmp, limits) = temporaryFolder(scratch, mayHideShared: mayHide)
        environment["TMPDIR"] = tmp == .shared ? scratch : "/tmp"
        let command = ChildCommand(
            executable: program, arguments: Array(words.dropFirst()), environment: environment,
            workingDirectory: folder, limits: limits, temporaryFolder: tmp)
        let splitters = [makeSplitter(), makeSplitter()]
        let child = try await Child.start(
            command, onStandardOutput: { splitters[0].append($0) },
            onStandardError: { splitters[1].append($0) })
        await started(child)
        let result = await child.wait()
        for splitter in splitters { splitter.finish() }
        return result
    }

    private func temporaryFolder(
        _ scratch: String, mayHideShared: Bool
    ) -> (TemporaryFolder, ChildLimits) {
        let bytes = function.ephemeralStorageMegabytes << 20
        guard configuration.hasPrivateTmp, mayHideShared else {
            return (.shared, ChildLimits(fileBytes: bytes))
        }
        return function.ephemeralStorageMegabytes <= Self.memoryTmpMegabytesMax
            ? (.memory(bytes: bytes), ChildLimits())
            : (.folder(scratch), ChildLimits(fileBytes: bytes))
    }

    /// True if a path in the command or the environment is below the machine's
    /// `/tmp`, which a private one would hide.
    private func needsSharedTmp(_ texts: [String]) -> Bool {
        texts.contains { text in
            text.split(separator: ":").contains { $0 == "/tmp" || $0.hasPrefix("/tmp/") }
        }
    }

    private func makeSplitter() -> LineSplitter {
        LineSplitter { [logs, requestTag, name = function.name] line in
            logs.append(line, function: name, requestID: requestTag.requestID, isOutput: true)
        }
    }

    /// A stream name in Lambda's form: date, version, random number.
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
    var description: String { "The folder \(path) could not be created (error \(number))." }
}

private func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw FolderError(path: path, number: errno) }
}

/// Removes a folder in a child process: it may contain gigabytes, and no thread
/// of the emulator should wait for the disk.
private func removeFolder(_ path: String) async {
    _ = try? await Child.run(
        ChildCommand(executable: "/bin/rm", arguments: ["-rf", "--", path]))
}

/// The path in `PATH` of a program named without a slash; the name if it is not found.
private func programPath(_ name: String, _ path: String?) -> String {
    guard !name.contains("/") else { return name }
    let places = (path ?? "").split(separator: ":").map { "\($0)/\(name)" }
    return places.first { access($0, X_OK) == 0 } ?? name
}
