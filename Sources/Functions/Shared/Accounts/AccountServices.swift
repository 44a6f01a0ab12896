package import Crypto
package import Database
import JSON

/// The live values of accounts.
package struct AccountServices: Sendable {
    /// Accounts, sessions, workspaces and the audit trail.
    package var database: any Database
    /// Hashes passwords.
    package var hasher: any PasswordHasher
    /// Encrypts secrets at rest.
    package var box: SecretBox
    /// The session cookie; its origin is the front end's.
    package var cookie: SessionCookie
    /// Address of the front end without a final slash: links of messages begin with it.
    package var appURL: String
    /// Name of the service in messages and authenticator apps.
    package var appName: String
    /// Addresses whose accounts administer the platform.
    package var adminEmails: Set<String>
    /// Sign-in by another service; nil without one.
    package var provider: OpenIDProvider?

    /// The live values.
    package init(
        database: any Database, hasher: any PasswordHasher, box: SecretBox, appURL: String,
        appName: String = "Spool", adminEmails: Set<String> = [],
        provider: OpenIDProvider? = nil
    ) {
        self.database = database
        self.hasher = hasher
        self.box = box
        self.appURL = appURL
        self.appName = appName
        self.adminEmails = adminEmails
        self.provider = provider
        cookie = SessionCookie(origin: Self.origin(of: appURL))
    }

    /// Scheme and authority of a URL.
    static func origin(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.prefix(3).joined(separator: "/")
    }
}

/// Hashes passwords, each on a thread of its own: a hash takes a core for 75 ms.
package protocol PasswordHasher: Sendable {
    /// The hash of a password.
    /// - Throws: 503 when there is no memory for it.
    func hash(_ password: String) async throws -> String
    /// True if the hash is the password's. Nil takes the same time and is false.
    func verify(_ password: String, hash: String?) async -> Bool
    /// True if the hash has other parameters than new ones.
    func isOutdated(_ hash: String) -> Bool
}

/// A service that signs people in by OpenID Connect.
package struct OpenIDSettings: Sendable, Hashable {
    /// The issuer, for instance `https://accounts.google.com`.
    package var issuer: String
    /// The client's ID and secret at the issuer.
    package var clientID: String
    /// The client's secret; nil for a public client.
    package var clientSecret: String?
    /// The address to which the issuer returns the browser.
    package var redirectURL: String

    /// Settings of a client.
    package init(issuer: String, clientID: String, clientSecret: String?, redirectURL: String) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURL = redirectURL
    }
}

extension Problem {
    /// 404 without accounts.
    static let accountsOff = Problem(
        status: 404, title: "Not found",
        detail: "This deployment has no accounts (SPOOL_AUTH=accounts).", error: "Not found")
    /// 403 for a caller without an account.
    static let accountNeeded = Problem(
        status: 403, title: "Forbidden",
        detail: "The call needs the session of an account.", error: "Account required")

    /// The problem of a failed call of the database; nil for another error.
    static func database(_ error: any Error) -> Problem? {
        guard let error = error as? DatabaseError else { return nil }
        switch error.code {
        case .unavailable, .schema, .busy, .conflict, .full, .inputOutput, .closed:
            return Problem(
                status: 503, title: "Service unavailable",
                detail: "The database is not available; try again in a few seconds.",
                headers: ["retry-after": "5"])
        case .constraint, .column, .statement: return nil
        }
    }
}

extension AccountServices {
    /// Runs a transaction.
    /// - Throws: 503 while the database is down.
    func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        do {
            return try await database.transaction(body)
        } catch {
            throw Problem.database(error) ?? error
        }
    }

    /// Runs queries on a snapshot.
    /// - Throws: 503 while the database is down.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        do {
            return try await database.read(body)
        } catch {
            throw Problem.database(error) ?? error
        }
    }
}
