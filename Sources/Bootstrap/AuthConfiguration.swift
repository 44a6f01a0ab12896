import Accounts
import Crypto
import Functions
import HTTPTransport
import Jobs
import Notify

/// Ways to sign in, from the environment.
struct AuthConfiguration: Sendable {
    /// A word of `SPOOL_AUTH`.
    enum Mode: String, CaseIterable {
        /// Every caller of this machine is the owner `local`: for development.
        case none
        case tokens, password, jwt, accounts
    }

    /// `SPOOL_AUTH`; not set, the modes whose settings are there.
    var modes: Set<Mode> = []
    /// `SPOOL_TOKENS`: `token=owner` pairs, separated by commas.
    var tokens: [String: OwnerID] = [:]
    /// `AUTH_PASSWORD`: the password of the owner `local`.
    var password: String?
    /// `SPOOL_JWT_…`; nil without a key.
    var jwt: JWTSettings?
    /// `SPOOL_AUTH_ALLOW`: hosts, addresses and blocks besides the public ones, from which keys of
    /// issuers are fetched.
    var rules = AddressRules.publicOnly

    /// - Parameter faults: Receives a sentence about each malformed variable.
    init(
        environment: [String: String], readFile: (String) -> [UInt8]?, faults: inout [String]
    ) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        for pair in (text("SPOOL_TOKENS") ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2, let owner = OwnerID(parts[1]) {
                tokens[parts[0]] = owner
            } else {
                faults.append("SPOOL_TOKENS has an entry that is not token=owner.")
            }
        }
        password = text("AUTH_PASSWORD")
        if let list = text("SPOOL_AUTH_ALLOW") {
            if let rules = AddressRules(list) {
                self.rules = rules
            } else {
                faults.append("SPOOL_AUTH_ALLOW has an entry that is no host or block: \(list).")
            }
        }
        jwt = JWTSettings(environment: environment, readFile: readFile, faults: &faults)
        modes = Self.modes(text("SPOOL_AUTH"), &faults) ?? configuredModes
        check(&faults)
    }

    private static func modes(_ list: String?, _ faults: inout [String]) -> Set<Mode>? {
        guard let list else { return nil }
        var modes: Set<Mode> = []
        for word in list.split(separator: ",").map({ $0.filter { $0 != " " } }) {
            if let mode = Mode(rawValue: String(word)) {
                modes.insert(mode)
            } else {
                let known = Mode.allCases.map(\.rawValue).joined(separator: ", ")
                faults.append("SPOOL_AUTH has \(word); the modes are \(known).")
            }
        }
        return modes
    }

    private var configuredModes: Set<Mode> {
        var modes: Set<Mode> = []
        if !tokens.isEmpty { modes.insert(.tokens) }
        if password != nil { modes.insert(.password) }
        if jwt != nil { modes.insert(.jwt) }
        return modes.isEmpty ? [.none] : modes
    }

    private func check(_ faults: inout [String]) {
        let needed: [(Mode, Bool, String)] = [
            (.tokens, !tokens.isEmpty, "SPOOL_TOKENS"),
            (.password, password != nil, "AUTH_PASSWORD"),
            (.jwt, jwt != nil, "SPOOL_JWT_JWKS_URL, SPOOL_JWT_PUBLIC_KEY or SPOOL_JWT_SECRET"),
        ]
        for (mode, isThere, name) in needed where modes.contains(mode) && !isThere {
            faults.append("SPOOL_AUTH has \(mode.rawValue), which needs \(name).")
        }
        guard modes.contains(.none) else { return }
        if modes.count > 1 || !tokens.isEmpty || password != nil || jwt != nil {
            faults.append("SPOOL_AUTH is none, but another way to sign in is configured.")
        }
    }
}

extension JWTSettings {
    /// `SPOOL_JWT_JWKS_URL`, `SPOOL_JWT_PUBLIC_KEY` (PEM, or the path of a file), and
    /// `SPOOL_JWT_SECRET` (HS256) give the keys; `SPOOL_JWT_ISSUER`, `SPOOL_JWT_AUDIENCE` (a list)
    /// and `SPOOL_JWT_LEEWAY_SECONDS` (60) the rules; `SPOOL_JWT_OWNER_CLAIM` (`sub`) and
    /// `SPOOL_JWT_SCOPE_CLAIM` the claims that are read.
    fileprivate init?(
        environment: [String: String], readFile: (String) -> [UInt8]?, faults: inout [String]
    ) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var keys: [JWTKey] = []
        if let secret = text("SPOOL_JWT_SECRET") {
            if let key = JWTKey(secret: Array(secret.utf8)) {
                keys.append(key)
            } else {
                faults.append("SPOOL_JWT_SECRET has fewer than \(JWTKey.secretBytesMin) bytes.")
            }
        }
        if let source = text("SPOOL_JWT_PUBLIC_KEY") {
            let pem = source.hasPrefix("-----BEGIN") ? Array(source.utf8) : readFile(source)
            if let key = pem.flatMap({ PublicKey(pem: $0) }) {
                keys.append(JWTKey(key))
            } else {
                faults.append("SPOOL_JWT_PUBLIC_KEY is no PEM of an RSA, P-256 or Ed25519 key.")
            }
        }
        var url: WebhookURL?
        if let source = text("SPOOL_JWT_JWKS_URL") {
            do throws(WebhookURL.Fault) {
                url = try WebhookURL(source)
            } catch {
                faults.append("SPOOL_JWT_JWKS_URL \(error.detail).")
            }
        }
        var leeway = Duration.seconds(60)
        if let source = text("SPOOL_JWT_LEEWAY_SECONDS") {
            if let seconds = Int(source), (0...300).contains(seconds) {
                leeway = .seconds(seconds)
            } else {
                faults.append("SPOOL_JWT_LEEWAY_SECONDS is not a number from 0 to 300: \(source).")
            }
        }
        guard !keys.isEmpty || url != nil else { return nil }
        let audiences = Set(
            (text("SPOOL_JWT_AUDIENCE") ?? "").split(separator: ",").map(String.init))
        let rules = JWTRules(
            issuer: text("SPOOL_JWT_ISSUER"), audiences: audiences, leeway: leeway)
        // The issuer signs tokens of other services with the same keys.
        if url != nil, rules.issuer == nil || audiences.isEmpty {
            faults.append("SPOOL_JWT_JWKS_URL needs SPOOL_JWT_ISSUER and SPOOL_JWT_AUDIENCE.")
        }
        self.init(
            rules: rules, keys: JWTKeySet(keys), keySetURL: url,
            ownerClaim: text("SPOOL_JWT_OWNER_CLAIM") ?? "sub",
            scopeClaim: text("SPOOL_JWT_SCOPE_CLAIM"))
    }
}
