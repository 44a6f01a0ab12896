import FoundationEssentials
import JSON

/// Runs one command line to completion.
/// - Parameter arguments: Arguments without the program's name.
/// - Returns: the process's exit status: 0 done, 1 failed, 2 wrong command line.
package func runCommand(
    _ arguments: [String], environment: [String: String], context: CommandContext
) async -> Int32 {
    var isJSON = arguments.contains("--json")
    do {
        let line = try CommandRequest(arguments, environment: environment)
        isJSON = line.isJSON
        return try await run(line, context)
    } catch let error as CommandError {
        context.show(text(of: error, isJSON: isJSON))
        return error.status
    } catch {
        let error = CommandError("Failed: \(error).")
        context.show(text(of: error, isJSON: isJSON))
        return error.status
    }
}

private func run(_ line: CommandRequest, _ context: CommandContext) async throws -> Int32 {
    let api = API(context: context, base: line.api, token: line.token)
    switch line.command {
    case .help(let text):
        context.standardOutput(Array(text.utf8))
        return 0
    case .status(let jobID):
        let (document, status) = try await api.status(of: jobID)
        context.print(line.isJSON ? String(decoding: document, as: UTF8.self) : sentence(status))
        return 0
    case .estimate(let options):
        try await EstimateCommand(api: api, isJSON: line.isJSON).run(options)
        return 0
    case .cancel(let jobID):
        let document = try await api.cancel(jobID)
        let text = String(decoding: document, as: UTF8.self)
        context.print(line.isJSON ? text : "Job \(jobID) is cancelled.")
        return 0
    case .upload(let path):
        return try await runUpload(path, api, isJSON: line.isJSON)
    case .invoke(let function, let eventPath, let isAsynchronous):
        let event = try eventPath.map { try UserFile.read($0 == "-" ? "/dev/stdin" : $0) }
        let response = try await api.invoke(
            function, event: event ?? Array("{}".utf8), isAsynchronous: isAsynchronous)
        if let last = response.body.last {
            context.standardOutput(last == 0x0A ? response.body : response.body + [0x0A])
        }
        guard let failure = response.header("X-Amz-Function-Error") else { return 0 }
        throw CommandError("\(function) failed: \(failure).")
    case .deadLetters:
        try await DeadLetters(api: api, isJSON: line.isJSON).list()
        return 0
    case .replayDeadLetter(let id):
        try await DeadLetters(api: api, isJSON: line.isJSON).replay(id)
        return 0
    case .replay(let options):
        return try await Replay(api: api, isJSON: line.isJSON).run(options)
    case .export(let options):
        return try await runExport(options, api, isJSON: line.isJSON)
    }
}

private func runUpload(_ path: String, _ api: API, isJSON: Bool) async throws -> Int32 {
    let (assetID, record) = try await Upload(api: api).send(path) { _ in }
    api.context.print(isJSON ? String(decoding: record, as: UTF8.self) : assetID)
    return 0
}

/// Runs an export; Ctrl-C cancels it here and at the back end without confirmation.
private func runExport(
    _ options: Command.ExportOptions, _ api: API, isJSON: Bool
) async throws -> Int32 {
    let command = ExportCommand(api: api, isJSON: isJSON)
    let outcome = await withTaskGroup(of: Result<Int32, any Error>?.self) { group in
        group.addTask {
            do {
                try await command.run(options)
                return .success(0)
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            await api.context.interrupted()
            return nil
        }
        var isInterrupted = false
        var outcome: Result<Int32, any Error>?
        for await end in group {
            if let end { outcome = end } else if outcome == nil { isInterrupted = true }
            group.cancelAll()
        }
        return isInterrupted && (try? outcome?.get()) == nil ? nil : outcome
    }
    if let outcome { return try outcome.get() }
    let jobIDs = command.started.ids
    guard !jobIDs.isEmpty else { throw CommandError("Interrupted.") }
    // A job that has ended keeps its status.
    for jobID in jobIDs { _ = try await api.cancel(jobID) }
    let jobs = jobIDs.count == 1 ? "job \(jobIDs[0]) is" : "\(jobIDs.count) jobs are"
    throw CommandError("Interrupted: \(jobs) cancelled.")
}

private func sentence(_ status: StatusResponse) -> String {
    let line = ProgressBar.line(
        phase: status.phase ?? status.word, percent: status.progress ?? 0,
        done: status.frames?.done, total: status.frames?.total)
    switch status.word {
    case "completed": return line + "\n" + (status.downloadUrl ?? "")
    case "failed": return line + "\nfailed: " + (status.error ?? "no reason given")
    default: return line
    }
}

private func text(of error: CommandError, isJSON: Bool) -> String {
    guard isJSON else { return error.lines.joined(separator: "\n") + "\n" }
    let value: JSONValue = .object([
        "error": .string(error.lines.first ?? ""),
        "details": .array(error.lines.dropFirst().map { .string($0) }),
    ])
    return String(decoding: value.bytes, as: UTF8.self) + "\n"
}
