import Crypto
import FoundationEssentials
package import Jobs
package import LambdaRuntime
package import ObjectStore
import Synchronization
package import WallClock

/// Signs in by the one password of the deployment, for the owner `local`.
///
/// Tokens are signed with a secret in the store, which the first sign-in creates, so every
/// instance accepts the tokens of every other.
package final class PasswordSessions: TokenVerifier {
    private let password: String
    private let bucket: any Bucket
    private let now: @Sendable () -> UnixTime
    private let secret = Mutex<[UInt8]?>(nil)

    /// - Parameter password: `AUTH_PASSWORD`.
    package init(password: String, bucket: any Bucket, now: @escaping @Sendable () -> UnixTime) {
        self.password = password
        self.bucket = bucket
        self.now = now
    }

    /// The owner of everything that is made with the password.
    package static let owner = OwnerID.local

    /// A new token and its end, or nil for another password.
    /// - Throws: `ObjectStoreError` when the secret can be neither read nor created.
    package func token(for attempt: String) async throws -> (text: String, expires: UnixTime)? {
        // Digests have one length, so the time does not reveal the password's.
        guard constantTimeEqual(sha256(attempt.utf8), sha256(password.utf8)) else { return nil }
        let time = now()
        let token = SessionToken(password: password, secret: try await madeSecret())
        return (token.issue(at: time), time + SessionToken.lifetime)
    }

    /// The owner `local` for a token that is valid now; nil for any other token.
    package func caller(
        ofToken token: String, in request: FunctionURLRequest
    ) async throws -> Caller? {
        // Anything else is decided without the store.
        guard SessionToken.hasShape(token), let secret = try await knownSecret() else { return nil }
        let sessions = SessionToken(password: password, secret: secret)
        return sessions.accepts(token, at: now()) ? Caller(Self.owner, by: .password) : nil
    }

    private struct Record: Codable {
        var version = 1
        /// Hexadecimal.
        var secret: String
    }

    private func knownSecret() async throws -> [UInt8]? {
        if let known = secret.withLock({ $0 }) { return known }
        let record = try await bucket.document(
            Record.self, at: SessionKeys.secret(of: Self.owner))
        let stored = record.flatMap { bytes(hex: $0.secret) }
        secret.withLock { $0 = stored }
        return stored
    }

    private func madeSecret() async throws -> [UInt8] {
        if let known = try await knownSecret() { return known }
        let record = Record(secret: hex(randomBytes(count: 32)))
        _ = try await bucket.createDocument(record, at: SessionKeys.secret(of: Self.owner))
        // Another instance may have been first.
        guard let stored = try await knownSecret() else {
            throw HandlerFailure.permanent("The session secret cannot be read.")
        }
        return stored
    }
}
