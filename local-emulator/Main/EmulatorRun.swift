import EmulatorLambda
import FoundationEssentials
import Glibc
import Logging
import Threads

/// Runs the emulator until SIGTERM or SIGINT.
/// - Returns: the exit status: 0 after SIGTERM, 1 if the emulator could not
///   start, 2 for a wrong command line.
func runCommand(arguments: [String], environment: [String: String]) async -> Int32 {
    let options: EmulatorOptions
    do {
        options = try EmulatorOptions(arguments: arguments, environment: environment)
    } catch {
        writeText("local-emulator: \(error.sentence)\nSee local-emulator --help.\n", to: 2)
        return 2
    }
    if options.wantsHelp {
        writeText(EmulatorOptions.help, to: 1)
        return 0
    }
    signal(SIGPIPE, SIG_IGN)
    // The process exits at most 9 s after the signal; the command line documents 10.
    let signals = SignalWatch([SIGTERM, SIGINT]) {
        sleep(9)
        _exit(0)
    }
    let file: LogFile?
    do {
        let settings = try LogFileConfiguration(environment: environment)
        file = if let settings { try LogFile(settings) } else { nil }
    } catch {
        writeText("local-emulator: \(error)\n", to: 2)
        return 2
    }
    let logger = Logger(
        fields: ["component": "local-emulator"],
        sink: { line in
            Logger.standardError(line)
            file?.append(line)
        })
    let status = await run(options, environment, signals, logger)
    await file?.close()
    return status
}

/// Runs the emulator or the scrub.
private func run(
    _ options: EmulatorOptions, _ environment: [String: String], _ signals: SignalWatch,
    _ logger: Logger
) async -> Int32 {
    do {
        if options.scrubs {
            return try await scrubCommand(
                dataFolder: options.dataFolder, environment: environment, logger: logger)
        }
        let descriptors = try DescriptorBudget()
        let folder = try DataFolder(path: options.dataFolder)
        let emulator = try await Emulator(
            options: options, environment: environment, dataFolder: folder.path,
            scratchFolder: try folder.makeScratchFolder(), descriptors: descriptors,
            logger: logger)
        writeText(emulator.readyLine, to: 1)
        await signals.wait()
        logger.info("Stopping: signal received")
        await emulator.stop()
        logger.info("Stopped")
        withExtendedLifetime(folder) {}
        return 0
    } catch {
        logger.error("Emulator not started", ["error": .string("\(error)")])
        writeText("local-emulator: \(error)\n", to: 2)
        return 1
    }
}

func writeText(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
