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
            let services = try liveServices(environment.variables, transport)
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
    _ environment: [String: String], _ client: any HTTPClient
) throws -> Services {
    let configuration = try Configuration(environment: environment)
    let bucket = S3Bucket(configuration.store, client: client, clock: .live)
    let auth = configuration.auth
    let sessions =
        auth.modes.contains(.password)
        ? auth.password.map { PasswordSessions(password: $0, bucket: bucket, now: UnixTime.now) }
        : nil
    var services = Services(
        bucket: bucket,
        renderer: MediaEngine(configuration: configuration.ffmpeg),
        authorizer: Authorizer(
            verifiers: auth.verifiers(sessions, client), isLoopbackOnly: true),
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
    return services
}

extension AuthConfiguration {
    /// The ways to sign in, those that need no request of the store or the network first.
    fileprivate func verifiers(
        _ sessions: PasswordSessions?, _ client: any HTTPClient
    ) -> [any TokenVerifier] {
        var verifiers: [any TokenVerifier] = []
        if modes.contains(.tokens) { verifiers.append(StaticTokens(tokens)) }
        if let sessions { verifiers.append(sessions) }
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
