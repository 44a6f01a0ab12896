import FoundationEssentials
import JSON
import Synchronization

/// `spool export`: upload, start, watch, download.
struct ExportCommand: Sendable {
    /// Milliseconds between status requests; the interval grows while nothing changes.
    private static let pollMilliseconds = (minimum: 250, maximum: 2000)
    private static let finalStatuses: Set = ["completed", "failed", "cancelled", "expired"]

    var api: API
    var isJSON: Bool
    /// The jobs started so far, for cancellation.
    let started = StartedJobs()

    private var context: CommandContext { api.context }

    func run(_ options: Command.ExportOptions) async throws {
        let edit = try EditDocument(
            decoding: UserFile.read(options.editPath), path: options.editPath)
        try edit.requireAssets(named: options.assets.map(\.name))
        var screen = ProgressScreen(isTerminal: context.isTerminal, isQuiet: isJSON)
        do {
            let assetIDs = try await upload(options.assets, &screen)
            let request = try edit.request(assetIDs: assetIDs, clientToken: context.makeToken())
            let jobs = try await api.startExport(request)
            started.set(jobs.map(\.jobId))
            try await fetch(jobs, to: options.outputPath, &screen)
        } catch {
            context.show(screen.finish())
            throw error
        }
    }

    private func upload(
        _ assets: [Command.Asset], _ screen: inout ProgressScreen
    ) async throws -> [String: String] {
        let totalBytes = try assets.reduce(0) { try $0 + UserFile.bytes($1.path) }
        let shared = SharedScreen(screen, context)
        var assetIDs: [String: String] = [:]
        var bytesBefore = 0
        for asset in assets {
            let before = bytesBefore
            assetIDs[asset.name] = try await Upload(api: api).send(asset.path) { sent in
                let percent = Double(before + sent) * 100 / Double(totalBytes)
                shared.show(phase: "uploading", percent: percent)
            }.assetID
            bytesBefore += try UserFile.bytes(asset.path)
        }
        screen = shared.screen
        return assetIDs
    }

    /// Downloads the result of each job. If one fails, the others are downloaded
    /// before the failure is reported.
    private func fetch(
        _ jobs: [AcceptedJob], to path: String, _ screen: inout ProgressScreen
    ) async throws {
        var failures: [CommandError] = []
        for (index, job) in jobs.enumerated() {
            let place = jobs.count > 1 ? "\(index + 1) of \(jobs.count): " : ""
            let own = jobs.count > 1 ? Self.path(path, number: index + 1, job.format) : path
            do {
                let status = try await watch(job.jobId, place, &screen)
                try await download(status, to: own, &screen)
            } catch let error as CommandError { failures.append(error) }
        }
        if let first = failures.first {
            throw CommandError(first.lines + failures.dropFirst().flatMap(\.lines))
        }
    }

    /// The output path of a job: `out.mp4` becomes `out-2.webm`.
    static func path(_ path: String, number: Int, _ format: String?) -> String {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let dot = path[slash...].lastIndex(of: ".").flatMap { $0 > slash ? $0 : nil }
        let ending = format.map { ".\($0)" } ?? dot.map { String(path[$0...]) } ?? ""
        return "\(path[..<(dot ?? path.endIndex)])-\(number)\(ending)"
    }

    /// Polls a job until it ends.
    /// - Returns: the last status, which is `completed`.
    private func watch(
        _ jobID: String, _ place: String, _ screen: inout ProgressScreen
    ) async throws -> StatusResponse {
        var wait = ExportCommand.pollMilliseconds.minimum
        var last: StatusResponse?
        while true {
            let status = try await api.status(of: jobID).status
            context.show(
                screen.show(
                    phase: place + (status.phase ?? status.word), percent: status.progress ?? 0,
                    done: status.frames?.done, total: status.frames?.total))
            guard !ExportCommand.finalStatuses.contains(status.word) else {
                guard status.word == "completed" else {
                    throw CommandError(
                        "Job \(jobID) \(status.word): \(status.error ?? "no reason given")")
                }
                return status
            }
            wait =
                status == last
                ? min(wait * 3 / 2, ExportCommand.pollMilliseconds.maximum)
                : ExportCommand.pollMilliseconds.minimum
            last = status
            try await context.sleep(wait)
        }
    }

    private func download(
        _ status: StatusResponse, to path: String, _ screen: inout ProgressScreen
    ) async throws {
        guard let url = status.downloadUrl else {
            throw CommandError("Job \(status.jobId) is completed but has no downloadUrl.")
        }
        context.show(screen.show(phase: "download", percent: 100))
        let partial = UserFile.partial(path, token: context.makeToken())
        defer { UserFile.remove(partial) }
        let response = try await RequestRetries.send(
            APIRequest("GET", url, destination: .file(path: partial)), in: context,
            action: "Downloading the result")
        guard response.isSuccess else { throw CommandError("Downloading the result", response) }
        let bytes = try UserFile.bytes(partial)
        if let expected = status.size, expected != bytes {
            throw CommandError(
                "Downloading the result failed: received \(bytes) of \(expected) bytes.")
        }
        try UserFile.rename(partial, to: path)
        context.show(screen.finish())
        for warning in status.warnings ?? [] { context.show(warning.line + "\n") }
        guard isJSON else {
            context.print(path)
            return
        }
        let result: JSONValue = .object([
            "jobId": .string(status.jobId), "path": .string(path), "bytes": .integer(bytes),
        ])
        context.print(String(decoding: result.bytes, as: UTF8.self))
    }
}

/// The jobs that an interrupt must cancel.
final class StartedJobs: Sendable {
    private let jobIDs = Mutex<[String]>([])

    func set(_ ids: [String]) { jobIDs.withLock { $0 = ids } }
    var ids: [String] { jobIDs.withLock { $0 } }
}

/// A progress screen shared by transfers on several threads.
private final class SharedScreen: Sendable {
    private let state: Mutex<ProgressScreen>
    private let context: CommandContext

    init(_ screen: ProgressScreen, _ context: CommandContext) {
        state = Mutex(screen)
        self.context = context
    }

    var screen: ProgressScreen { state.withLock { $0 } }

    func show(phase: String, percent: Double) {
        // Written under the lock to keep the lines in order.
        state.withLock { context.show($0.show(phase: phase, percent: percent)) }
    }
}
