import Crypto
import EmulatorHTTP
import EmulatorLambda
import EmulatorStore
import FoundationEssentials
import Glibc

/// Who may call the emulator: decided once, from the options and the environment.
///
/// On loopback and without owners' tokens every program of this machine is trusted, and web pages
/// are kept out by `PageRules`. Everywhere else callers prove who they are, and no published secret
/// is accepted.
struct AccessPolicy: Sendable {
    /// The store's keys.
    let accessKeyID: String
    let secretAccessKey: String
    /// The keys that functions sign with: others than the published ones.
    let functionKeys: StoreCredentials
    /// The operator's token; nil opens the operator's side to programs of this machine.
    let administratorToken: String?
    /// The pages that may call; nil where callers need a token.
    let pageRules: PageRules?
    /// Origins whose pages may call the store and the functions.
    let origins: [String]
    /// The file with secrets that were made because the environment has none; nil without one.
    let secretsPath: String?

    static let publishedKeyID = "spool"
    static let publishedSecret = "spool-secret"
    /// Variables that make every caller prove who it is.
    private static let tokenVariables = [
        "SPOOL_TOKENS", "AUTH_PASSWORD", "SPOOL_JWT_SECRET", "SPOOL_JWT_PUBLIC_KEY",
        "SPOOL_JWT_JWKS_URL",
    ]

    /// - Throws: One sentence if the settings would open the emulator to strangers.
    init(
        environment: [String: String], host: String, dataFolder: String
    ) throws(EmulatorOptionsError) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let needsToken = Self.tokenVariables.contains { value($0) != nil }
        let isLoopback = PageOrigin.isLoopbackName(host)
        guard isLoopback || needsToken else {
            throw EmulatorOptionsError(
                sentence: "--host \(host) can be reached by others and callers need no token: set"
                    + " SPOOL_TOKENS or AUTH_PASSWORD, or listen on 127.0.0.1.")
        }
        let publicHosts = ["SPOOL_PUBLIC_API_URL", "SPOOL_PUBLIC_S3_URL"]
            .compactMap { value($0).flatMap { PageOrigin.hostName(ofURL: $0) } }
        let isPublished = publicHosts.contains { !PageOrigin.isLoopbackName($0) }
        let isProtected = needsToken || !isLoopback || isPublished
        origins = allowedOrigins(
            environment["FRONTEND_URL"], default: needsToken ? "*" : PageOrigin.loopback)
        pageRules = needsToken ? nil : PageRules(hosts: Set(publicHosts), origins: origins)
        let keys = (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"))
        guard (keys.0 == nil) == (keys.1 == nil) else {
            throw EmulatorOptionsError(
                sentence: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set together or not.")
        }
        guard isProtected else {
            accessKeyID = keys.0 ?? Self.publishedKeyID
            secretAccessKey = keys.1 ?? Self.publishedSecret
            administratorToken = value("SPOOL_ADMIN_TOKEN")
            secretsPath = nil
            // They stay the same from start to start, as the URLs that they sign.
            let made = try MadeSecrets(folder: dataFolder)
            functionKeys = StoreCredentials(
                accessKeyID: made.values["AWS_ACCESS_KEY_ID"] ?? "",
                secretAccessKey: made.values["AWS_SECRET_ACCESS_KEY"] ?? "")
            return
        }
        guard keys.1 != Self.publishedSecret else {
            throw EmulatorOptionsError(
                sentence: "AWS_SECRET_ACCESS_KEY is the published one, which everyone knows: set"
                    + " another, or unset both keys to have them made.")
        }
        let token = value("SPOOL_ADMIN_TOKEN")
        let needsSecrets = keys.0 == nil || token == nil
        let made = needsSecrets ? try MadeSecrets(folder: dataFolder) : nil
        accessKeyID = keys.0 ?? made?.values["AWS_ACCESS_KEY_ID"] ?? ""
        secretAccessKey = keys.1 ?? made?.values["AWS_SECRET_ACCESS_KEY"] ?? ""
        functionKeys = StoreCredentials(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey)
        administratorToken = token ?? made?.values["SPOOL_ADMIN_TOKEN"]
        secretsPath = made?.path
    }
}

/// Secrets that the emulator made for itself: `secrets.env` in the data folder, mode 0600, in
/// lines that a shell can read. They stay the same from start to start.
private struct MadeSecrets {
    let path: String
    let values: [String: String]

    private static let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SPOOL_ADMIN_TOKEN"]

    init(folder: String) throws(EmulatorOptionsError) {
        path = folder + "/secrets.env"
        if let data = FileManager.default.contents(atPath: path) {
            values = try Self.read(data, path)
            return
        }
        var made: [String: String] = [:]
        for name in Self.names { made[name] = hex(randomBytes(count: 20)) }
        let text = Self.names.map { "\($0)=\(made[$0] ?? "")\n" }.joined()
        guard Self.write(text, path) else {
            throw EmulatorOptionsError(sentence: "\(path) cannot be written.")
        }
        values = made
    }

    private static func read(
        _ data: Data, _ path: String
    ) throws(EmulatorOptionsError) -> [String: String] {
        var values: [String: String] = [:]
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { values[sides[0]] = sides[1] }
        }
        guard names.allSatisfy({ values[$0]?.isEmpty == false }) else {
            throw EmulatorOptionsError(
                sentence: "\(path) does not have \(names.joined(separator: ", ")): remove it to"
                    + " have them made again.")
        }
        return values
    }

    /// Writes the whole file or none of it: a process that dies leaves no half of a secret.
    private static func write(_ text: String, _ path: String) -> Bool {
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        let bytes = Array(text.utf8)
        return Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
            && rename(temporary, path) == 0
    }
}
