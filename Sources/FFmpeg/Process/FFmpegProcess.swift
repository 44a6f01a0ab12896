import ChildProcess

/// Runs `ffmpeg` or `ffprobe` once and classifies its failures.
struct FFmpegProcess {
    /// The result of a run that exited with 0.
    struct Outcome {
        var output: [UInt8]
        var errors: String
        var cpuMicroseconds: Int
    }

    var configuration: FFmpegConfiguration
    /// URL and plan index of each source, to name the one that failed.
    var sources: [(url: String, source: Int)] = []

    /// - Parameters:
    ///   - onLine: Called with each line of standard output.
    ///   - onBytes: Called with each piece of standard output, which has no lines then.
    func run(
        _ executable: String, _ arguments: [String], collectBytesMax: Int = 1 << 22,
        onLine: ProcessOutput.LineHandler? = nil, onBytes: Child.OutputHandler? = nil
    ) async throws(FFmpegError) -> Outcome {
        let output = ProcessOutput(
            collectBytesMax: onLine == nil ? collectBytesMax : 0, onLine: onLine)
        var command = ChildCommand(
            executable: executable, arguments: arguments,
            environment: configuration.environment,
            limits: ChildLimits(
                cpuSeconds: configuration.cpuTimeMax.map {
                    max(1, $0.wholeMicroseconds / 1_000_000)
                },
                addressSpaceBytes: configuration.addressSpaceBytesMax,
                fileBytes: configuration.fileBytesMax))
        command.niceness = configuration.niceness
        let onOutput = onBytes ?? { output.appendOutput($0) }
        let result: ChildResult
        do {
            result = try await Child.run(
                command, grace: configuration.cancelGrace,
                onStandardOutput: onOutput,
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
        if let failure = FFmpegFailure(
            exitZero: output.tail, interruption: output.interruption, sources: sources)
        {
            throw FFmpegError(
                failure.code, failure.detail, arguments: arguments, exitStatus: 0,
                standardErrorTail: output.tail)
        }
        return Outcome(
            output: output.collected ?? [], errors: output.tail,
            cpuMicroseconds: result.cpuMicroseconds)
    }

    private func failure(
        _ exit: ChildResult.Exit, arguments: [String], errors: String
    ) -> FFmpegError {
        let failure = FFmpegFailure(exit, standardError: errors, sources: sources)
        let status =
            switch exit {
            case .code(let code): code
            case .signal(let signal): 128 + signal
            }
        return FFmpegError(
            failure.code, failure.detail, arguments: arguments, exitStatus: status,
            standardErrorTail: errors)
    }
}
