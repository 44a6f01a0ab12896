import Crypto
import FFmpeg
import FoundationEssentials
import Functions
import HTTPTransport
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

/// Every function of the binary by name; built when `_HANDLER` names it.
func liveFunctions() -> [String: FunctionFactory] {
    var functions: [String: FunctionFactory] = [:]
    for function in Registry.functions {
        functions[function.name.rawValue] = { environment, logger in
            // A package contains its own certificates.
            let transport = DeferredTransport(
                certificatesFile: certificatesFile(environment.variables))
            let services = try liveServices(environment.variables, transport, logger)
            if services.authorizer.isOpen, function.answersRequests {
                logger.warning(
                    "Authorization is off: every caller on this machine is the owner local",
                    ["setting": "SPOOL_AUTH"])
            }
            return LoadedFunction(
                warmUp: { transport.prepare() }, handle: Registry.handler(function, services))
        }
    }
    return functions
}

/// The live values, from the environment.
/// - Throws: `ConfigurationError` naming every missing or malformed variable; the runtime posts
///   it as the init error.
private func liveServices(
    _ environment: [String: String], _ client: any HTTPClient, _ logger: Logger
) throws -> Services {
    var configuration = try Configuration(environment: environment)
    let relay = HTTPRelay(
        certificatesFile: certificatesFile(environment), makeSecret: { randomText(length: 26) })
    guard let relay else {
        throw ConfigurationError(faults: ["The system gives no port on the loopback interface."])
    }
    configuration.ffmpeg.relayPort = relay.port
    // The relay's socket holds what a distant store sends ahead.
    configuration.ffmpeg.networkReceiveBufferBytes = 1 << 15
    let bucket = S3Bucket(configuration.store, client: client, clock: .live)
    let auth = configuration.auth
    let sessions =
        auth.modes.contains(.password)
        ? auth.password.map { PasswordSessions(password: $0, bucket: bucket, now: UnixTime.now) }
        : nil
    let accounts = auth.accounts?.services(
        LiveIdentityClient(client: client, rules: auth.rules),
        certificatesFile: certificatesFile(environment))
    var services = Services(
        bucket: bucket,
        renderer: RelayedRenderer(
            MediaEngine(configuration: configuration.ffmpeg), through: relay),
        authorizer: Authorizer(
            verifiers: auth.verifiers(sessions, accounts, client), cookie: accounts?.cookie,
            isLoopbackOnly: true),
        now: UnixTime.now,
        sleep: { try await Task.sleep(for: $0) },
        randomText: { randomText(length: $0) },
        scratchRoot: configuration.scratchRoot,
        concurrency: configuration.concurrency,
        renderTimeMax: configuration.renderTimeMax,
        streamBytesMax: configuration.streamBytesMax,
        deployment: configuration.deployment,
        passwordSessions: sessions,
        batchLimits: configuration.batchLimits,
        hardwareEncoders: configuration.hardwareEncoders,
        uploadBytesMax: configuration.uploadBytesMax, hasFrontDoor: configuration.hasFrontDoor,
        deliveries: configuration.deliveries.services(client))
    services.downloads = LiveDownloadClient(client: client, rules: configuration.importRules)
    services.retention = configuration.retention
    services.cacheBytesMax = configuration.cacheBytesMax
    services.admission = configuration.admission
    services.confinement = restrict(configuration.ffmpeg, logger)
    services.credits = configuration.credits.services(
        certificatesFile: certificatesFile(environment))
    services.accounts = accounts
    return services
}

extension AuthConfiguration {
    /// The ways to sign in, those that need no request of the store or the network first.
    fileprivate func verifiers(
        _ sessions: PasswordSessions?, _ accounts: AccountServices?, _ client: any HTTPClient
    ) -> [any TokenVerifier] {
        var verifiers: [any TokenVerifier] = []
        if modes.contains(.tokens) { verifiers.append(StaticTokens(tokens)) }
        if let sessions { verifiers.append(sessions) }
        if let accounts { verifiers.append(AccountSessions(accounts, now: UnixTime.now)) }
        if modes.contains(.jwt), let jwt {
            verifiers.append(
                JWTVerifier(
                    jwt, client: LiveIdentityClient(client: client, rules: rules),
                    now: UnixTime.now))
        }
        return verifiers
    }
}

/// Text of `a-z 0-9` from libcrypto's generator; 20 characters hold 100 bits.
private func randomText(length: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    return String(
        decoding: randomBytes(count: length).map { letters[Int($0) % letters.count] },
        as: UTF8.self)
}
