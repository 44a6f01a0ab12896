import Arguments
import EmulatorLambda

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
        dataFolder = environment["DATA_DIR"] ?? ""
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
                throw EmulatorOptionsError(sentence: "\(option.name) requires a value.")
            }
            try set(option.name, to: value)
        }
        guard !dataFolder.isEmpty else {
            throw EmulatorOptionsError(sentence: "--data DIR or DATA_DIR is required.")
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
        console in one process. All state is in DIR.

          --data DIR         folder for objects, index and queue (created if missing;
                             default $DATA_DIR)
          --port N           console, function URLs, Invoke API (default 8080 or
                             $PORT; 0 is any free port)
          --s3-port N        S3 endpoint, path style (default 9000; 0 is any free port)
          --host ADDRESS     IPv4 address to listen on (default 127.0.0.1)
          --functions FILE   function catalogue (default infra/functions.json)
          --bootstrap PATH   program of every function instance (default: bootstrap
                             next to this program)
          --console DIR      files of the console (default: local-emulator/Console
                             of the project that FILE belongs to)
          --record DIR       writes every event and its response to DIR, for spool replay
          --disorder SEED    delivers object events late, some twice, in any order
          --freeze           suspends instances between invocations, as Lambda does
          --idle-seconds N   ends an instance that was idle for N seconds (default 300)
          --scrub            checks every object in DIR against its checksum while no
                             emulator uses it; exits 1 if one is damaged
          --help             prints this text

        Environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (default spool and
        spool-secret), SPOOL_BUCKET (default spool), FRONTEND_URL (origins that may
        call the functions, separated by commas; default: pages of this machine, or
        * where SPOOL_TOKENS or AUTH_PASSWORD is set), SPOOL_ADMIN_TOKEN (required by
        console API, Invoke API and metrics). Where callers need a token, secrets that
        are not set are made and kept in DIR/secrets.env. WORKER_CONCURRENCY
        (instances of render-chunk), MEDIA_BASE_PATH, EXPORTS_PATH and POLL_INTERVAL_MS
        (a folder shared with an editor: docs/shared-volume.md), SPOOL_LOG_FILE (also
        writes the log to a file, rotated at SPOOL_LOG_FILE_BYTES, keeping
        SPOOL_LOG_FILE_COUNT files). The functions receive every SPOOL_ variable except
        SPOOL_ADMIN_TOKEN.

        Prints one line on standard output when ready, and logs JSON lines on standard error.
        SIGTERM shuts it down within 10 seconds. kill -9 loses no acknowledged write.

        """
}

extension EmulatorOptions {
    /// Sets the options of the functions' instances.
    func apply(to configuration: inout LambdaConfiguration) {
        configuration.idleTimeMax = idleTimeMax
        configuration.freezesIdleInstances = freezes
        configuration.recordFolder = recordFolder
        configuration.disorderSeed = disorderSeed
    }
}

/// An invalid argument or variable.
struct EmulatorOptionsError: Error, Equatable, CustomStringConvertible {
    var sentence: String
    var description: String { sentence }
}
