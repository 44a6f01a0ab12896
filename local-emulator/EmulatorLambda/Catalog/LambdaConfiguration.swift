package import EmulatorHTTP
package import Signing

/// The settings of the emulator's Lambda half, fixed at its start.
package struct LambdaConfiguration: Sendable {
    /// The program of an instance unless its function names another.
    package var bootstrapPath: String
    /// `LAMBDA_TASK_ROOT` and working directory of instances.
    package var taskRoot: String
    /// The parent of the instances' scratch folders.
    package var scratchFolder: String
    /// Environment variables of all instances besides Lambda's.
    package var environment: [String: String]
    /// Variables of `environment` that only some functions receive.
    package var secrets = SecretVariables(lists: [:])
    /// The AWS region in ARNs, events and signatures.
    package var region: String
    /// The bucket whose object events invoke functions.
    package var bucket = "spool"
    /// Origins that may call functions from a browser: `*` or a list.
    package var allowedOrigins: [String]
    /// The pages that may send requests; nil where every caller needs a token.
    package var pageRules: PageRules?
    /// Time that a browser keeps the answer to a preflight request (`SPOOL_CORS_MAX_AGE`).
    package var corsTimeMax = Duration.seconds(600)
    /// Idle time after which an instance ends.
    package var idleTimeMax: Duration
    /// Timeout from the start of an instance to its first `next`.
    package var initTimeMax: Duration
    /// Maximum size of a request body in bytes. Lambda's limit is 6 MiB; edits have up to 10 MB.
    package var bodyBytesMax: Int
    /// Maximum size in bytes of a request's whole event, in which JSON escapes and base64 make the
    /// body longer. `bootstrap` takes events of this size (`HTTPLimits.bodyBytesMax`).
    package var eventBytesMax = 24 << 20
    /// Maximum size of a function's response in bytes: 6 MiB and 100 bytes, as on Lambda.
    package var responseBytesMax: Int
    /// Maximum number of calls that wait for an instance of one function.
    package var waitingCountMax: Int
    /// The folder of the console's files; nil for no console.
    package var consoleFolder: String?
    /// The bearer token for the console's API, the Invoke API and /metrics; nil
    /// opens them to programs of this machine and to the console's own page.
    package var administratorToken: String?
    /// The credentials accepted in signatures: for function URLs of auth type
    /// AWS_IAM, and for the Invoke API if a token is set.
    package var credentials: SigV4.Credentials

    /// True if the volume has room for so many more bytes of uploads.
    package var admitsUpload: @Sendable (_ bytes: Int) -> Bool = { _ in true }
    /// True if the process has descriptors for one more instance.
    package var admitsInstance: @Sendable () -> Bool = { true }
    /// True if the system can give an instance a private `/tmp`.
    package var hasPrivateTmp = false
    /// True to stop idle instances (SIGSTOP), as Lambda freezes them.
    package var freezesIdleInstances = false
    /// Seed for late, repeated and unordered object events; nil delivers each once, immediately.
    package var disorderSeed: UInt64?
    /// The folder for recordings of events and responses; nil disables recording.
    package var recordFolder: String?

    /// Creates a configuration with Lambda's limits and an idle time of five minutes.
    package init(
        bootstrapPath: String, taskRoot: String, scratchFolder: String,
        environment: [String: String] = [:], region: String = "us-east-1",
        allowedOrigins: [String] = ["*"], idleTimeMax: Duration = .seconds(300),
        initTimeMax: Duration = .seconds(10), bodyBytesMax: Int = 10_000_000,
        responseBytesMax: Int = (6 << 20) + 100, waitingCountMax: Int = 1_000,
        consoleFolder: String? = nil, administratorToken: String? = nil,
        credentials: SigV4.Credentials = SigV4.Credentials(
            accessKeyID: "spool", secretAccessKey: "spool-secret")
    ) {
        self.bootstrapPath = bootstrapPath
        self.taskRoot = taskRoot
        self.scratchFolder = scratchFolder
        self.environment = environment
        self.region = region
        self.allowedOrigins = allowedOrigins
        self.idleTimeMax = idleTimeMax
        self.initTimeMax = initTimeMax
        self.bodyBytesMax = bodyBytesMax
        self.responseBytesMax = responseBytesMax
        self.waitingCountMax = waitingCountMax
        self.consoleFolder = consoleFolder
        self.administratorToken = administratorToken
        self.credentials = credentials
    }

    /// The single account in names and records.
    static let accountID = "000000000000"

    func arn(ofFunction name: String) -> String {
        "arn:aws:lambda:\(region):\(Self.accountID):function:\(name)"
    }

    /// The environment of an instance: Lambda's variables (Lambda Developer
    /// Guide, "Defined runtime environment variables"), then the deployment's,
    /// then the function's.
    func instanceEnvironment(
        for function: FunctionDefinition, runtimeAPI: String, logStream: String
    ) -> [String: String] {
        var all: [String: String] = [
            "_HANDLER": function.handler,
            "AWS_LAMBDA_RUNTIME_API": runtimeAPI,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(function.memoryMegabytes),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(function.name)",
            "AWS_LAMBDA_LOG_STREAM_NAME": logStream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "LAMBDA_TASK_ROOT": function.taskRoot ?? taskRoot,
            "TZ": "UTC",
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        ]
        all.merge(secrets.visible(environment, to: function)) { _, ours in ours }
        all.merge(function.environment) { _, own in own }
        return all
    }
}
