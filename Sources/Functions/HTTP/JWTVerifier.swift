package import Accounts
import Jobs
import JSON
package import LambdaRuntime
package import Notify
import Synchronization
package import WallClock

/// Accepts tokens that another service has signed (`SPOOL_JWT_*`). It needs no database.
package final class JWTVerifier: TokenVerifier {
    private let settings: JWTSettings
    private let client: any IdentityClient
    private let now: @Sendable () -> UnixTime
    private let state = Mutex(State())

    private struct State {
        var refresh = KeySetRefresh()
        var fetched = JWTKeySet([])
    }

    /// - Parameter client: Fetches the key set.
    package init(
        _ settings: JWTSettings, client: any IdentityClient, now: @escaping @Sendable () -> UnixTime
    ) {
        self.settings = settings
        self.client = client
        self.now = now
    }

    /// The owner that the token's claim names; nil for a token of another form.
    package func caller(
        ofToken text: String, in request: FunctionURLRequest
    ) async throws -> Caller? {
        guard JSONWebToken.hasShape(text) else { return nil }
        do throws(JWTRefusal) {
            let token = try JSONWebToken(text)
            let claims = try token.claims(
                try await keys(for: token), settings.rules, now: now())
            guard let subject = claims.text(at: settings.ownerClaim),
                let owner = OwnerName.text(ofSubject: subject).flatMap({ OwnerID($0) })
            else { throw .owner }
            var caller = Caller(owner, by: .jwt)
            if let name = settings.scopeClaim {
                let scopes = claims.words(at: name)
                caller.mayRead = scopes.contains("spool:read")
                caller.mayWrite = scopes.contains("spool:write")
            }
            return caller
        } catch .unavailable {
            throw Self.unavailable
        } catch {
            throw Authorizer.unauthorized(
                "Invalid or expired token", reason: error.description)
        }
    }

    /// The configured keys and those of the issuer, fetched if they must be.
    private func keys(for token: JSONWebToken) async throws(JWTRefusal) -> JWTKeySet {
        guard let url = settings.keySetURL else { return settings.keys }
        if !settings.keys.isEmpty, settings.keys.knows(token) { return settings.keys }
        let time = now()
        let (step, known) = state.withLock { state in
            let step = state.refresh.step(now: time, knowsKey: state.fetched.knows(token))
            if case .fetch = step { state.refresh.begin(now: time) }
            return (step, state.fetched)
        }
        switch step {
        case .use: return settings.keys.adding(known)
        case .unavailable: throw .unavailable
        case .fetch(let canUseOld):
            guard let fetched = await fetch(url, time) else {
                if canUseOld { return settings.keys.adding(known) }
                throw .unavailable
            }
            return settings.keys.adding(fetched)
        }
    }

    private func fetch(_ url: WebhookURL, _ time: UnixTime) async -> JWTKeySet? {
        guard let reply = await client.document(at: url), reply.status == 200,
            let document = try? JSONValue(parsing: reply.body),
            let keys = JWTKeySet(document: document)
        else { return nil }
        state.withLock { state in
            state.refresh.succeed(now: time, cacheControl: reply.cacheControl)
            state.fetched = keys
        }
        return keys
    }

    private static let unavailable = Problem(
        status: 503, title: "Service unavailable",
        detail: "The keys of the issuer cannot be fetched; try again in half a minute.",
        headers: ["retry-after": "30"])
}

/// Settings of `JWTVerifier`.
package struct JWTSettings: Sendable {
    /// Rules about claims.
    package var rules: JWTRules
    /// Configured keys.
    package var keys: JWTKeySet
    /// Address of the issuer's key set; nil without one.
    package var keySetURL: WebhookURL?
    /// The claim that names the owner.
    package var ownerClaim: String
    /// The claim with scopes `spool:read` and `spool:write`; nil permits both.
    package var scopeClaim: String?

    /// Settings; the owner is the subject unless another claim is named.
    package init(
        rules: JWTRules, keys: JWTKeySet = JWTKeySet([]), keySetURL: WebhookURL? = nil,
        ownerClaim: String = "sub", scopeClaim: String? = nil
    ) {
        self.rules = rules
        self.keys = keys
        self.keySetURL = keySetURL
        self.ownerClaim = ownerClaim
        self.scopeClaim = scopeClaim
    }
}

/// Exchanges small documents with identity services: key sets, discovery, tokens. No redirect is
/// followed, and only permitted addresses are connected to.
package protocol IdentityClient: Sendable {
    /// The response to a GET; nil if there was none within five seconds.
    func document(at url: WebhookURL) async -> IdentityReply?
    /// The response to a POST of a form; nil if there was none within ten seconds.
    func post(form: [(name: String, value: String)], to url: WebhookURL) async -> IdentityReply?
}

/// The response of an identity service.
package struct IdentityReply: Sendable, Hashable {
    /// HTTP status.
    package var status: Int
    /// The body, at most `bodyBytesMax`.
    package var body: [UInt8]
    /// `Cache-Control`; nil without one.
    package var cacheControl: String?

    /// Largest body in bytes; a larger one is no response.
    package static let bodyBytesMax = 256 << 10

    /// A response.
    package init(status: Int, body: [UInt8], cacheControl: String? = nil) {
        self.status = status
        self.body = body
        self.cacheControl = cacheControl
    }
}
