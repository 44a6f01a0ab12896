import Crypto
import Database
import Functions
import Notify
import Threads

/// Settings of accounts, from the environment.
struct AccountConfiguration: Sendable {
    /// `SPOOL_DATABASE`.
    private let address: DatabaseAddress
    /// `SPOOL_SECRET_KEY`, or the file of `SPOOL_SECRET_KEY_FILE`: 32 bytes in base64, with which
    /// secrets are encrypted at rest.
    private let box: SecretBox
    /// `SPOOL_APP_URL`: the front end, to which links of messages lead.
    private let appURL: String
    /// `SPOOL_APP_NAME`; default `Spool`.
    private let appName: String
    /// `SPOOL_ADMIN_EMAILS`: addresses whose new accounts administer the platform.
    private let adminEmails: Set<String>
    /// `SPOOL_OIDC_ISSUER` (default Google), `SPOOL_OIDC_CLIENT_ID`, `SPOOL_OIDC_CLIENT_SECRET` and
    /// `SPOOL_OIDC_REDIRECT_URL`; nil without a client ID.
    private let openID: OpenIDSettings?

    /// - Parameter faults: Receives a sentence about each missing or malformed variable.
    /// - Returns: nil after a fault.
    init?(
        environment: [String: String], readFile: (String) -> [UInt8]?, faults: inout [String]
    ) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let address = text("SPOOL_DATABASE").flatMap { DatabaseAddress($0) }
        if address == nil {
            faults.append("SPOOL_DATABASE is not sqlite:PATH or postgres://…; accounts need it.")
        }
        let file = text("SPOOL_SECRET_KEY_FILE").flatMap { readFile($0) }
            .map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } }
        let box = (text("SPOOL_SECRET_KEY") ?? file).flatMap { bytes(base64: $0) }
            .flatMap { SecretBox(key: $0) }
        if box == nil {
            faults.append(
                "SPOOL_SECRET_KEY or the file of SPOOL_SECRET_KEY_FILE is not 32 bytes in base64.")
        }
        var appURL = text("SPOOL_APP_URL") ?? ""
        while appURL.hasSuffix("/") { appURL.removeLast() }
        if (try? WebhookURL(appURL)) == nil {
            faults.append("SPOOL_APP_URL is not the http or https URL of the front end.")
        }
        appName = text("SPOOL_APP_NAME") ?? "Spool"
        adminEmails = Set(
            (text("SPOOL_ADMIN_EMAILS") ?? "").lowercased().split(separator: ",")
                .map { $0.filter { $0 != " " } })
        openID = Self.openID(text, &faults)
        guard let address, let box else { return nil }
        (self.address, self.box, self.appURL) = (address, box, appURL)
    }

    private static func openID(
        _ text: (String) -> String?, _ faults: inout [String]
    ) -> OpenIDSettings? {
        guard let id = text("SPOOL_OIDC_CLIENT_ID") else { return nil }
        var issuer = text("SPOOL_OIDC_ISSUER") ?? "https://accounts.google.com"
        while issuer.hasSuffix("/") { issuer.removeLast() }
        guard (try? WebhookURL(issuer)) != nil else {
            faults.append("SPOOL_OIDC_ISSUER is not an http or https URL.")
            return nil
        }
        guard let redirect = text("SPOOL_OIDC_REDIRECT_URL") else {
            faults.append("SPOOL_OIDC_REDIRECT_URL is missing.")
            return nil
        }
        return OpenIDSettings(
            issuer: issuer, clientID: id, clientSecret: text("SPOOL_OIDC_CLIENT_SECRET"),
            redirectURL: redirect)
    }

    /// The live values. The database is opened by the first call that needs it.
    func services(
        _ client: LiveIdentityClient, certificatesFile: String?
    ) -> AccountServices {
        let settings = DatabaseSettings(address: address, certificatesFile: certificatesFile)
        return AccountServices(
            database: settings.database(), hasher: LivePasswordHasher(), box: box, appURL: appURL,
            appName: appName, adminEmails: adminEmails,
            provider: openID.map { OpenIDProvider($0, client: client) })
    }
}

/// Argon2id with the standard parameters, each hash on a thread of its own.
private struct LivePasswordHasher: PasswordHasher {
    func hash(_ password: String) async throws -> String {
        let text = await onThread { PasswordHash.standard.text(of: password) }
        guard let text else {
            throw Problem(
                status: 503, title: "Service unavailable",
                detail: "There is no memory for the hash of the password; try again.",
                headers: ["retry-after": "5"])
        }
        return text
    }

    func verify(_ password: String, hash: String?) async -> Bool {
        let isRight = await onThread {
            PasswordHash.verify(password, hash: hash ?? PasswordHash.decoy)
        }
        return isRight && hash != nil
    }

    func isOutdated(_ hash: String) -> Bool { PasswordHash.standard.isOutdated(hash) }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: body()) }
        }
    }
}
