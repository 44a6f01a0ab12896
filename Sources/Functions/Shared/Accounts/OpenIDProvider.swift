import Accounts
import Crypto
import JSON
import Notify
import Signing
import Synchronization
import WallClock

/// An issuer of OpenID Connect, found by discovery.
package final class OpenIDProvider: Sendable {
    /// The client's settings.
    package let settings: OpenIDSettings
    private let client: any IdentityClient
    private let state = Mutex(State())

    private struct State {
        var refresh = KeySetRefresh()
        var endpoints: OpenIDEndpoints?
    }

    /// A provider; nothing is fetched yet.
    package init(_ settings: OpenIDSettings, client: any IdentityClient) {
        self.settings = settings
        self.client = client
    }

    /// The issuer's addresses, fetched once in ten minutes.
    /// - Throws: 503 while they cannot be fetched.
    func endpoints(now: UnixTime) async throws(Problem) -> OpenIDEndpoints {
        let (step, known) = state.withLock { state in
            let step = state.refresh.step(now: now, knowsKey: true)
            if case .fetch = step { state.refresh.begin(now: now) }
            return (step, state.endpoints)
        }
        switch step {
        case .use:
            if let known { return known }
        case .fetch(let canUseOld):
            if let fetched = await fetched(now: now) { return fetched }
            if canUseOld, let known { return known }
        case .unavailable: break
        }
        throw Self.unavailable
    }

    private func fetched(now: UnixTime) async -> OpenIDEndpoints? {
        let path = "\(settings.issuer)/.well-known/openid-configuration"
        guard let url = try? WebhookURL(path), let reply = await client.document(at: url),
            reply.status == 200, let document = try? JSONValue(parsing: reply.body),
            let endpoints = OpenIDEndpoints(document, issuer: settings.issuer)
        else { return nil }
        state.withLock { state in
            state.refresh.succeed(now: now, cacheControl: reply.cacheControl)
            state.endpoints = endpoints
        }
        return endpoints
    }

    /// The address to which the browser goes.
    func authorizationURL(
        _ endpoints: OpenIDEndpoints, state: String, nonce: String, challenge: String
    ) -> String {
        let query = [
            ("response_type", "code"), ("client_id", settings.clientID),
            ("redirect_uri", settings.redirectURL), ("scope", "openid email profile"),
            ("state", state), ("nonce", nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ].map { "\($0.0)=\(uriEncode($0.1))" }.joined(separator: "&")
        let mark = endpoints.authorization.text.contains("?") ? "&" : "?"
        return endpoints.authorization.text + mark + query
    }

    /// Exchanges a code for the person, and verifies the issuer's statement.
    /// - Throws: 401 for a code or a statement that is refused, 503 without a response.
    func person(
        code: String, verifier: String, nonce: String, now: UnixTime
    ) async throws(Problem) -> OpenIDPerson {
        let endpoints = try await endpoints(now: now)
        var form = [
            (name: "grant_type", value: "authorization_code"), ("code", code),
            ("redirect_uri", settings.redirectURL), ("client_id", settings.clientID),
            ("code_verifier", verifier),
        ]
        if let secret = settings.clientSecret { form.append(("client_secret", secret)) }
        guard let reply = await client.post(form: form, to: endpoints.token) else {
            throw Self.unavailable
        }
        guard reply.status == 200, let answer = try? JSONValue(parsing: reply.body),
            let text = answer["id_token"]?.text
        else { throw OpenIDSignIn.refused("The issuer does not accept the code") }
        guard let keyReply = await client.document(at: endpoints.keys), keyReply.status == 200,
            let document = try? JSONValue(parsing: keyReply.body),
            let keys = JWTKeySet(document: document)
        else { throw Self.unavailable }
        let claims: JWTClaims
        do throws(JWTRefusal) {
            let rules = JWTRules(issuer: settings.issuer, audiences: [settings.clientID])
            claims = try JSONWebToken(text).claims(keys, rules, now: now)
        } catch {
            throw OpenIDSignIn.refused(error.description)
        }
        return try person(claims, nonce)
    }

    /// The rules of OpenID Connect Core, 3.1.3.7, that are not those of every token.
    private func person(
        _ claims: JWTClaims, _ nonce: String
    ) throws(Problem) -> OpenIDPerson {
        guard claims.text(at: "nonce") == nonce, !nonce.isEmpty else {
            throw OpenIDSignIn.refused("The issuer's statement is for another sign-in")
        }
        if let party = claims.text(at: "azp"), party != settings.clientID {
            throw OpenIDSignIn.refused("The issuer's statement is for another client")
        }
        let isVerified = claims.fields["email_verified"]
        guard let subject = claims.text(at: "sub"), let email = claims.text(at: "email"),
            MailAddress(email) != nil, isVerified == true || isVerified?.text == "true"
        else { throw OpenIDSignIn.refused("The issuer has not verified the e-mail address") }
        let name = claims.text(at: "name") ?? String(email.prefix { $0 != "@" })
        return OpenIDPerson(
            subject: subject, email: AccountText.canonical(email: email),
            name: String(name.prefix(AccountText.nameCharactersMax)))
    }

    private static let unavailable = Problem(
        status: 503, title: "Service unavailable",
        detail: "The other service does not answer; try again in half a minute.",
        headers: ["retry-after": "30"])
}

/// Addresses of an issuer (OpenID Connect Discovery).
struct OpenIDEndpoints: Sendable, Hashable {
    var authorization: WebhookURL
    var token: WebhookURL
    var keys: WebhookURL

    /// - Returns: nil unless the document is the issuer's own, and every address as safe as the
    ///   issuer's.
    init?(_ document: JSONValue, issuer: String) {
        guard document["issuer"]?.text == issuer else { return nil }
        func address(_ name: String) -> WebhookURL? {
            guard let text = document[name]?.text,
                !issuer.hasPrefix("https://") || text.hasPrefix("https://")
            else { return nil }
            return try? WebhookURL(text)
        }
        guard let authorization = address("authorization_endpoint"),
            let token = address("token_endpoint"), let keys = address("jwks_uri")
        else { return nil }
        self.authorization = authorization
        self.token = token
        self.keys = keys
    }
}
