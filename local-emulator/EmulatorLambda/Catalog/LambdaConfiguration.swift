package import Signing

/// Settings of the Lambda half of the emulator, fixed at its start.
package struct LambdaConfiguration: Sendable {
    /// The program that every instance runs, unless its function names another.
    package var bootstrapPath: String
    /// `LAMBDA_TASK_ROOT`, and the folder instances start in.
    package var taskRoot: String
    /// Instances get a folder each below this one.
    package var scratchFolder: String
    /// Variables that all instances get on top of Lambda's own.
    package var environment: [String: String]
    /// AWS region in ARNs, events and signatures.
    package var region: String
    /// The bucket whose object events the catalogue's functions are called with.
    package var bucket = "spool"
    /// Origins that may call functions from a browser: `*` or a list.
    package var allowedOrigins: [String]
    /// An instance that had nothing to do for so long is ended.
    package var idleMilliseconds: Int
    /// Longest time from the start of an instance to its first `next`.
    package var initMilliseconds: Int
    /// Largest request body that the front accepts. Lambda itself ends at
    /// 6 MiB; edits are posted with up to 10 MB.
    package var bodyBytesMax: Int
    /// Largest answer of a function: 6 MiB and 100 bytes, as on Lambda.
    package var responseBytesMax: Int
    /// Most calls that wait for an instance of one function.
    package var waitingCountMax: Int
    /// Folder with the console's files.
    package var consoleFolder: String?
    /// Bearer token that the console's API, the Invoke API and /metrics ask
    /// for; nil leaves them open, which is for loopback only.
    package var administratorToken: String?
    /// Whose signatures are taken: function URLs of auth type AWS_IAM, and the
    /// Invoke API where a token is set.
    package var credentials: SigV4.Credentials

    /// True if the system can give an instance a private `/tmp`.
    package var hasPrivateTmp = false
    /// True to stop instances without an invocation (SIGSTOP), as Lambda
    /// freezes them.
    package var freezesIdleInstances = false
    /// Delivers object events late, some twice and in no order; nil: once, at once.
    package var disorderSeed: UInt64?
    /// Folder for a file of every event and its answer; nil without recording.
    package var recordFolder: String?

    /// Lambda's limits, with an idle time of five minutes.
    package init(
        bootstrapPath: String, taskRoot: String, scratchFolder: String,
        environment: [String: String] = [:], region: String = "us-east-1",
        allowedOrigins: [String] = ["*"], idleMilliseconds: Int = 300_000,
        initMilliseconds: Int = 10_000, bodyBytesMax: Int = 10_000_000,
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
        self.idleMilliseconds = idleMilliseconds
        self.initMilliseconds = initMilliseconds
        self.bodyBytesMax = bodyBytesMax
        self.responseBytesMax = responseBytesMax
        self.waitingCountMax = waitingCountMax
        self.consoleFolder = consoleFolder
        self.administratorToken = administratorToken
        self.credentials = credentials
    }

    /// The account that names and records carry; there is only one.
    static let accountID = "000000000000"

    func arn(ofFunction name: String) -> String {
        "arn:aws:lambda:\(region):\(Self.accountID):function:\(name)"
    }

    /// The environment of an instance (facts of the Lambda service: "Defined
    /// runtime environment variables"), then the deployment's own, then the
    /// function's.
    func instanceEnvironment(
        for function: FunctionDefinition, runtimePort: Int, logStream: String
    ) -> [String: String] {
        var all: [String: String] = [
            "_HANDLER": function.handler,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(runtimePort)",
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
        all.merge(environment) { _, ours in ours }
        all.merge(function.environment) { _, own in own }
        return all
    }
}
