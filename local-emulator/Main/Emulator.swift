import ChildProcess
import EmulatorDatabase
import EmulatorHTTP
import EmulatorLambda
import EmulatorStore
import EmulatorVolume
import FoundationEssentials
import Glibc
import Logging
import Signing
import Synchronization

/// The running emulator with its database and two ports.
struct Emulator: Sendable {
    /// The line printed on standard output once both ports answer.
    let readyLine: String
    private let database: Database
    private let lambda: LambdaService
    private let front: HTTPServer
    private let s3: HTTPServer
    /// The scans of the shared volume; nil without one.
    private let volume: Task<Void, Never>?

    /// Time from SIGTERM until running invocations are ended; the whole shutdown has 10 s.
    private static let drainTime = Duration.seconds(6)
    /// Send buffer of S3 connections. A large one speeds up uploads (measured
    /// with 64 KiB and 1 MiB); Linux allocates twice this size.
    private static let s3SendBufferBytes = 128 << 10
    private static let s3ConnectionMemoryBytes = 256 << 10
    /// Bytes of an oversized body that are read so that its client, a page, reads the 413.
    private static let discardedBytesMax = 6 << 30
    /// Interval between searches for unreferenced object bodies.
    private static let upkeepInterval = Duration.seconds(60)
    /// Interval between checks of every object against its checksum: one week.
    private static let scrubInterval = Duration.seconds(7 * 86_400)

    init(
        options: EmulatorOptions, environment: [String: String], dataFolder: String,
        scratchFolder: String, descriptors: DescriptorBudget, logger: Logger
    ) async throws {
        let catalog = try readCatalog(options.functionsPath, environment: environment)
        let access = try AccessPolicy(
            environment: environment, host: options.host, dataFolder: dataFolder)
        access.announceSecrets(logger)
        let storage = try StoreSettings(
            environment: environment, dataFolder: dataFolder, rules: catalog.bucket, access: access)
        let bucket = storage.bucket
        database = try Database(path: storage.databasePath)
        let wake = DeferredCall()
        let store = try await ObjectStoreServer(
            configuration: storage.configuration(logger), database: database, logger: logger,
            onObjectEvent: { wake() })
        s3 = HTTPServer(
            configuration: HTTPServerConfiguration(
                host: options.host, port: options.s3Port,
                connectionMemoryBytes: Self.s3ConnectionMemoryBytes,
                connectionCountMax: descriptors.connectionCountMax,
                sendBufferBytes: Self.s3SendBufferBytes), handler: store)
        let s3Port = try s3.start()
        let frontHandler = DeferredHandler()
        front = Self.frontServer(options, descriptors, frontHandler)
        let port = try front.start()
        let address = options.host == "0.0.0.0" ? "127.0.0.1" : options.host
        let apiURL = "http://\(address):\(port)"
        let s3URL = "http://\(address):\(s3Port)"

        var configuration = LambdaConfiguration(
            bootstrapPath: try bootstrapPath(options), taskRoot: currentFolder(),
            scratchFolder: scratchFolder)
        configuration.environment = functionEnvironment(
            from: environment, s3URL: s3URL, apiURL: apiURL, bucket: bucket,
            accessKeyID: access.functionKeys.accessKeyID,
            secretAccessKey: access.functionKeys.secretAccessKey,
            dataFolder: dataFolder.hasPrefix("/") ? dataFolder : "\(currentFolder())/\(dataFolder)")
        configuration.bucket = bucket
        configuration.secrets = catalog.secrets
        access.apply(to: &configuration)
        configuration.corsTimeMax = try corsTimeMax(environment)
        configuration.admitsUpload = storage.admitsUpload
        options.apply(to: &configuration)
        configuration.admitsInstance = { descriptors.admitsInstance }
        configuration.hasPrivateTmp = await hasPrivateTmp(logger)
        configuration.consoleFolder = options.consoleFolder ?? consoleFolder(options.functionsPath)
        lambda = try LambdaService(
            configuration: configuration, catalog: catalog, database: database, logger: logger,
            info: [
                "apiUrl": apiURL,
                "s3Url": configuration.environment["SPOOL_PUBLIC_S3_URL"] ?? s3URL,
                "bucket": bucket,
            ],
            uploads: store,
            storeHealth: { await store.health().map { ($0.name, $0.state.rawValue) } },
            traffic: { [front, s3] in
                traffic(front.counters, "front") + traffic(s3.counters, "s3")
            })
        try await lambda.start()
        wake.set { [lambda] in lambda.wake() }
        lambda.wake()
        try Self.startUpkeep(lambda, store, s3, catalog.bucket, environment, logger)
        let shared = try await sharedVolume(environment, lambda.front, store, database, logger)
        frontHandler.set(shared?.front ?? lambda.front)
        volume = shared.map { shared in Task { await shared.run() } }
        readyLine =
            "spool ready: console \(apiURL)/ s3 \(s3URL) bucket \(bucket) data \(dataFolder)\n"
    }

    private static func startUpkeep(
        _ lambda: LambdaService, _ store: ObjectStoreServer, _ s3: HTTPServer,
        _ rules: BucketRules, _ environment: [String: String], _ logger: Logger
    ) throws {
        lambda.addUpkeep(every: upkeepInterval) { try await store.tidy() }
        lambda.addUpkeep(every: scrubInterval) { _ = try await store.scrub() }
        guard let limit = try number(environment, "SPOOL_EXIT_WHEN_IDLE", 5...86_400) else {
            return
        }
        exitWhenIdle(for: .seconds(limit), lambda, store, s3, rules.workPrefixes ?? [], logger)
    }

    private static func frontServer(
        _ options: EmulatorOptions, _ descriptors: DescriptorBudget, _ handler: DeferredHandler
    ) -> HTTPServer {
        HTTPServer(
            configuration: HTTPServerConfiguration(
                host: options.host, port: options.port,
                connectionCountMax: descriptors.connectionCountMax,
                discardedBytesMax: discardedBytesMax),
            handler: handler)
    }

    /// Shuts down in order: new work, running work, connections, file.
    func stop() async {
        volume?.cancel()
        await volume?.value
        await lambda.stop(grace: Self.drainTime)
        await front.stop(grace: .milliseconds(500))
        await s3.stop(grace: .milliseconds(500))
        await database.close()
    }
}

/// Ends the process in order, as SIGTERM does, after a time without work.
private func exitWhenIdle(
    for limit: Duration, _ lambda: LambdaService, _ store: ObjectStoreServer, _ s3: HTTPServer,
    _ workPrefixes: [String], _ logger: Logger
) {
    let watch = Mutex(IdleWatch())
    let interval = Duration.seconds(1)
    lambda.addUpkeep(every: interval) {
        let sample = ActivitySample(
            functions: await lambda.activity(), store: s3.counters,
            hasActiveWork: try await store.hasObjects(below: workPrefixes))
        let idleTime = watch.withLock { watch in
            watch.add(sample, after: interval)
            return watch.idleTime
        }
        guard idleTime >= limit else { return }
        logger.info("Idle: no work", ["seconds": .integer(Int(idleTime.components.seconds))])
        kill(getpid(), SIGTERM)
    }
}

/// True if this system supports a private `/tmp` for a child; many containers do not.
private func hasPrivateTmp(_ logger: Logger) async -> Bool {
    let probe = ChildCommand(
        executable: "/bin/true", temporaryFolder: .memory(bytes: 1 << 20))
    do {
        return try await Child.run(probe).exit == .code(0)
    } catch {
        logger.info(
            "Instances share the machine's /tmp, each with its own TMPDIR",
            ["reason": .string("\(error)")])
        return false
    }
}

extension AccessPolicy {
    fileprivate func apply(to configuration: inout LambdaConfiguration) {
        configuration.allowedOrigins = origins
        configuration.pageRules = pageRules
        configuration.administratorToken = administratorToken
        configuration.credentials = SigV4.Credentials(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey)
    }

    fileprivate func announceSecrets(_ logger: Logger) {
        guard let secretsPath else { return }
        logger.info(
            "Store keys or operator token not set: those in the file are used",
            ["file": .string(secretsPath)])
    }
}

/// The shared volume; nil without `MEDIA_BASE_PATH`.
private func sharedVolume(
    _ environment: [String: String], _ front: any HTTPHandler, _ store: ObjectStoreServer,
    _ database: Database, _ logger: Logger
) async throws -> SharedVolume? {
    guard let settings = try SharedVolumeConfiguration(environment: environment) else { return nil }
    return try await SharedVolume(
        settings, inner: front, store: store, database: database, logger: logger)
}

private func readCatalog(
    _ path: String, environment: [String: String]
) throws -> FunctionCatalog {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw StartError(sentence: "The function catalogue \(path) cannot be read.")
    }
    return applyWorkerConcurrency(
        try FunctionCatalog(json: Array(data)), environment: environment)
}

private func traffic(_ traffic: HTTPTraffic, _ server: String) -> [(name: String, value: Int)] {
    [
        ("spool_\(server)_requests_total", traffic.requests),
        ("spool_\(server)_received_bytes_total", traffic.receivedBytes),
        ("spool_\(server)_sent_bytes_total", traffic.sentBytes),
    ]
}

/// The absolute path of `--bootstrap`, or of that program next to this one.
/// Instances start in a different folder, so a relative path would not resolve.
private func bootstrapPath(_ options: EmulatorOptions) throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(
        decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = options.bootstrapPath ?? folder(of: own) + "/bootstrap"
    guard let whole = realpath(path, nil) else {
        throw StartError(sentence: "The functions' program \(path) does not exist.")
    }
    defer { free(whole) }
    return String(cString: whole)
}

private func consoleFolder(_ functionsPath: String) -> String {
    let whole = functionsPath.hasPrefix("/") ? functionsPath : currentFolder() + "/" + functionsPath
    return folder(of: folder(of: whole)) + "/local-emulator/Console"
}

private func currentFolder() -> String { FileManager.default.currentDirectoryPath }

private func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}

/// `SPOOL_CORS_MAX_AGE`, 0 to 86,400 seconds; by default ten minutes, or a day in password mode.
private func corsTimeMax(_ environment: [String: String]) throws -> Duration {
    guard let text = environment["SPOOL_CORS_MAX_AGE"], !text.isEmpty else {
        return environment["AUTH_PASSWORD"]?.isEmpty ?? true ? .seconds(600) : .seconds(86_400)
    }
    guard let seconds = Int(text), (0...86_400).contains(seconds) else {
        throw StartError(sentence: "SPOOL_CORS_MAX_AGE \(text) is not in 0...86400.")
    }
    return .seconds(seconds)
}

/// The reason that the emulator did not start.
private struct StartError: Error, CustomStringConvertible {
    var sentence: String
    var description: String { sentence }
}
