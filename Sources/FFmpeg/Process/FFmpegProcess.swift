import ChildProcess

/// Runs `ffmpeg` or `ffprobe` once and tells failures apart.
struct FFmpegProcess {
    /// What a run that ended with exit code 0 leaves.
    struct Outcome {
        var output: [UInt8]
        var errors: String
        var cpuMicroseconds: Int
    }

    var configuration: FFmpegConfiguration
    /// URL and plan index of each source, to name the one that failed.
    var sources: [(url: String, source: Int)] = []

    /// - Parameter onLine: Called with each line of standard output.
    func run(
        _ executable: String, _ arguments: [String], collectBytesMax: Int = 1 << 22,
        onLine: ProcessOutput.LineHandler? = nil
    ) async throws(FFmpegError) -> Outcome {
        let output = ProcessOutput(
            collectBytesMax: onLine == nil ? collectBytesMax : 0, onLine: onLine)
        let command = ChildCommand(
            executable: executable, arguments: arguments,
            environment: configuration.environment,
            limits: ChildLimits(
                cpuSeconds: configuration.cpuSecondsMax,
                addressSpaceBytes: configuration.addressSpaceBytesMax,
                fileBytes: configuration.fileBytesMax))
        let result: ChildResult
        do {
            result = try await Child.run(
                command, graceMilliseconds: configuration.cancelGraceMilliseconds,
                onStandardOutput: { output.appendOutput($0) },
                onStandardError: { output.appendError($0) })
        } catch {
            switch error.code {
            case .cancelled:
                throw FFmpegError(
                    .cancelled, "FFmpeg was stopped because its task was cancelled.",
                    arguments: arguments)
            case .startFailed:
                throw FFmpegError(.notStarted, error.description, arguments: arguments)
            }
        }
        guard result.exit == .code(0) else {
            throw failure(result.exit, arguments: arguments, errors: output.tail)
        }
        return Outcome(
            output: output.collected ?? [], errors: output.tail,
            cpuMicroseconds: result.cpuMicroseconds)
    }

    private func failure(
        _ exit: ChildResult.Exit, arguments: [String], errors: String
    ) -> FFmpegError {
        let (code, detail) = classify(exit, errors)
        let status =
            switch exit {
            case .code(let code): code
            case .signal(let signal): 128 + signal
            }
        return FFmpegError(
            code, detail, arguments: arguments, exitStatus: status, standardErrorTail: errors)
    }

    private func classify(
        _ exit: ChildResult.Exit, _ errors: String
    ) -> (FFmpegError.Code, String) {
        switch exit {
        case .signal(24): return (.outOfTime, "FFmpeg used up its limit of CPU time.")
        case .signal(25): return (.diskFull, "FFmpeg reached the limit of its output's size.")
        case .signal(9): return (.outOfMemory, "FFmpeg was killed, as when memory runs out.")
        case .signal, .code: break
        }
        if errors.contains("No space left on device") {
            return (.diskFull, "No space is left where FFmpeg writes.")
        }
        if errors.contains("Cannot allocate memory") {
            return (.outOfMemory, "FFmpeg got no more memory.")
        }
        if let (source, reason) = unreadable(errors) {
            let name = source.map { "Source \($0)" } ?? "A source"
            return (.sourceUnreadable(source: source), "\(name) cannot be read: \(reason).")
        }
        return (.failed, "FFmpeg failed (\(exit)): \(Self.lastLine(errors)).")
    }

    private static let signs = [
        "Invalid data found when processing input", "No such file or directory",
        "Server returned", "HTTP error", "Connection refused", "Connection timed out",
        "moov atom not found", "Input/output error", "End of file", "Permission denied",
        "Connection reset by peer", "Protocol not found", "Format not on whitelist",
        "Not on whitelist", "Stream map", "matches no streams",
    ]

    /// The source that a message blames, where a message is about reading.
    private func unreadable(_ errors: String) -> (source: Int?, reason: String)? {
        let lines = errors.split(separator: "\n")
        guard
            let line = lines.last(where: { line in Self.signs.contains { line.contains($0) } }),
            let sign = Self.signs.first(where: { line.contains($0) })
        else { return nil }
        let blamed = sources.filter { errors.contains($0.url) }
        let known = Set((blamed.isEmpty ? sources : blamed).map(\.source))
        return (known.count == 1 ? known.first : nil, sign)
    }

    static func lastLine(_ text: String) -> String {
        text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }
}
