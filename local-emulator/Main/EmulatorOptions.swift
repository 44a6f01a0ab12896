import Arguments

/// Options from the command line and the environment.
struct EmulatorOptions: Sendable, Equatable {
    /// The folder of all persistent data.
    var dataFolder = ""
    var host = "127.0.0.1"
    /// The port of the console, function URLs and Invoke API; 0 selects a free port.
    var port = 8_080
    /// The port of the S3 endpoint; 0 selects a free port.
    var s3Port = 9_000
    var functionsPath = "infra/functions.json"
    /// The path of `bootstrap`; nil for the one next to this program.
    var bootstrapPath: String?
    /// The console's folder; nil for `local-emulator/Console` next to the folder
    /// of `functionsPath`.
    var consoleFolder: String?
    /// The folder for recordings of events and responses; nil disables recording.
    var recordFolder: String?
    /// True to stop idle instances, as Lambda freezes them.
    var freezes = false
    /// Seconds after which an idle instance ends.
    var idleTimeMax = Duration.seconds(300)
    /// Seed for late, repeated and unordered object events; nil delivers each once, immediately.
    var disorderSeed: UInt64?
    /// True to check the stored data, report damage and exit.
    var scrubs = false
    var wantsHelp = false

    /// Parses the command line.
    /// - Throws: one sentence about the first invalid argument.
    init(
        arguments: [String], environment: [String: String] = [:]
    ) throws(EmulatorOptionsError) {
        if let text = environment["PORT"] { port = try Self.port(text, "PORT") }
        let parsed: ParsedArguments
        do {
            parsed = try ParsedArguments(arguments, options: Self.options, of: "local-emulator")
        } catch {
            throw EmulatorOptionsError(sentence: error.sentence)
        }
        wantsHelp = parsed.flags.contains("--help")
        if wantsHelp { return }
        if let word = parsed.positionals.first {
            throw EmulatorOptionsError(sentence: "\(word) is not an option.")
        }
        freezes = parsed.flags.contains("--freeze")
        scrubs = parsed.flags.contains("--scrub")
        for option in Self.options {
            guard let value = parsed.last(option.name) else { continue }
            guard !value.isEmpty else {
                throw EmulatorOptionsError(sentence: "\(option.name) needs a value.")
            }
            try set(option.name, to: value)
        }
        guard !dataFolder.isEmpty else {
            throw EmulatorOptionsError(sentence: "--data DIR is required.")
        }
    }

    private mutating func set(_ name: String, to value: String) throws(EmulatorOptionsError) {
        switch name {
        case "--data": dataFolder = value
        case "--host": host = value
        case "--port": port = try Self.port(value, name)
        case "--s3-port": s3Port = try Self.port(value, name)
        case "--functions": functionsPath = value
        case "--bootstrap": bootstrapPath = value
        case "--record": recordFolder = value
        case "--disorder":
            guard let seed = UInt64(value) else {
                throw EmulatorOptionsError(sentence: "--disorder \(value) is not a number.")
            }
            disorderSeed = seed
        case "--idle-seconds":
            guard let seconds = Int(value), (1...86_400).contains(seconds) else {
                throw EmulatorOptionsError(
                    sentence: "--idle-seconds \(value) is not in 1...86400.")
            }
            idleTimeMax = .seconds(seconds)
        default: consoleFolder = value
        }
    }

    private static let options =
        [
            "--data", "--host", "--port", "--s3-port", "--functions", "--bootstrap", "--console",
            "--record", "--idle-seconds", "--disorder",
        ].map { ArgumentOption(name: $0, valueName: "VALUE") } + [
            ArgumentOption(name: "--freeze"), ArgumentOption(name: "--scrub"),
            ArgumentOption(name: "--help", short: "-h"),
        ]

    private static func port(_ text: String, _ name: String) throws(EmulatorOptionsError) -> Int {
        guard let port = Int(text), (0...65_535).contains(port) else {
            throw EmulatorOptionsError(sentence: "\(name) \(text) is not a port (0 to 65535).")
        }
        return port
    }

    /// The text of `--help`.
    static let help = """
        usage: local-emulator --data DIR [options]

        An S3-compatible store, a Lambda-compatible function service and a web
        console in one process. Everything that lasts is in DIR.

          --data DIR         folder for objects, index and queue (made if missing)
          --port N           console, function URLs, Invoke API (default 8080 or
                             $PORT; 0 is any free port)
          --s3-port N        S3 endpoint, path style (default 9000; 0 is any free port)
          --host ADDRESS     IPv4 address to listen on (default 127.0.0.1)
          --functions FILE   the functions (default infra/functions.json)
          --bootstrap PATH   program of every function instance (default: bootstrap
                             beside this program)
          --console DIR      files of the console (default: local-emulator/Console
                             of the project that FILE belongs to)
          --record DIR       writes every event and its answer there, for spool replay
          --disorder SEED    delivers object events late, some twice and in no order
          --freeze           stops instances between invocations, as Lambda does
          --idle-seconds N   ends an instance that had no work for so long (default 300)
          --scrub            reads every object in DIR, which no emulator may use
                             meanwhile, against its checksum; 1 if one is damaged
          --help             this text

        Environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (default spool and
        spool-secret), SPOOL_BUCKET (default spool), FRONTEND_URL (origins that may
        call the functions, separated by commas; default *), SPOOL_ADMIN_TOKEN
        (asked for by console API, Invoke API and metrics), WORKER_CONCURRENCY
        (instances of render-chunk), MEDIA_BASE_PATH, EXPORTS_PATH and POLL_INTERVAL_MS
        (a folder shared with an editor: docs/shared-volume.md), SPOOL_LOG_FILE (the log
        in a file as well, rotated at SPOOL_LOG_FILE_BYTES, of SPOOL_LOG_FILE_COUNT
        files). Every SPOOL_ variable reaches the functions.

        One ready line is printed on standard output; JSON lines on standard error.
        SIGTERM ends it in order within 10 seconds. kill -9 loses nothing.

        """
}

/// An invalid argument.
struct EmulatorOptionsError: Error, Equatable {
    var sentence: String
}
