import Accounts
import Crypto
import Database
import JSON
import LambdaRuntime
import Notify

/// Sign-in by another service: OpenID Connect's authorization code flow with PKCE (RFC 7636).
///
/// Without `code` the call begins: the client sends the browser to `url` and keeps `binding` to
/// itself. The issuer returns the browser with `code` and `state`; the second call passes all
/// three. A page that did not begin has no binding, so no foreign sign-in is completed in it.
struct OpenIDSignIn: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    func respond() async throws -> FunctionURLResponse {
        guard let provider = calls.accounts.provider else {
            throw Problem(
                status: 404, title: "Not found",
                detail: "No other service is configured (SPOOL_OIDC_CLIENT_ID).")
        }
        var fields = try BodyFields(calls.request)
        guard fields.names.contains("code") else { return try await begin(provider) }
        let code = fields.text("code", lengthMax: 2_000)
        let state = fields.text("state", lengthMax: 200)
        let binding = fields.text("binding", lengthMax: 200)
        try fields.check()
        return try await complete(provider, code, state, binding)
    }

    private func begin(_ provider: OpenIDProvider) async throws -> FunctionURLResponse {
        let endpoints = try await provider.endpoints(now: calls.now)
        let state = OpaqueToken.make(.step)
        let verifier = base64URL(randomBytes(count: 32))
        let nonce = base64URL(randomBytes(count: 16))
        let binding = base64URL(randomBytes(count: 24))
        let time = calls.now
        try await calls.accounts.write { connection in
            try StepTable.insert(
                state, .openID, userID: nil,
                data: [
                    "verifier": .string(verifier), "nonce": .string(nonce),
                    "binding": .string(sha256Hex(binding)),
                ], at: time, connection)
        }
        let url = provider.authorizationURL(
            endpoints, state: state.text, nonce: nonce,
            challenge: base64URL(sha256(verifier.utf8)))
        return .json(
            status: 200,
            [
                "url": .string(url), "state": .string(state.text), "binding": .string(binding),
            ] as JSONValue)
    }

    private func complete(
        _ provider: OpenIDProvider, _ code: String, _ state: String, _ binding: String
    ) async throws -> FunctionURLResponse {
        let (calls, time) = (calls, calls.now)
        let step = try await calls.accounts.write { connection -> FoundStep in
            guard let step = try StepTable.step(state, .openID, at: time, connection),
                step.data["binding"]?.text == sha256Hex(binding),
                try StepTable.take(step.hash, connection)
            else { throw Self.refused("/state is unknown, used, too old, or of another client") }
            return step
        }
        let person = try await provider.person(
            code: code, verifier: step.data["verifier"]?.text ?? "",
            nonce: step.data["nonce"]?.text ?? "", now: time)
        let user = try await calls.accounts.write { connection -> UserRow in
            if let known = try UserTable.user(
                issuer: provider.settings.issuer, subject: person.subject, connection)
            {
                return known
            }
            let user = try NewUser(
                id: calls.newID("usr"), workspaceID: calls.newID("ws"), email: person.email,
                name: person.name, language: "en", passwordHash: nil,
                isAdmin: calls.accounts.adminEmails.contains(person.email), time: time,
                slugSuffix: calls.randomText(7)
            ).create(connection)
            try connection.execute(
                """
                INSERT INTO identities(issuer, subject, user_id, created_ms)
                VALUES ($1, $2, $3, $4) ON CONFLICT(issuer, subject) DO NOTHING
                """, provider.settings.issuer, person.subject, user.id, time)
            try calls.audit(
                "identity.create", by: user.id, subject: user.id,
                change: ["after": ["issuer": .string(provider.settings.issuer)]]
            ).add(connection)
            return user
        }
        return try await SignIn(calls).complete(user, method: "google")
    }

    static func refused(_ detail: String) -> Problem {
        Problem(
            status: 401, title: "Unauthorized", detail: "\(detail).", error: "Sign-in refused")
    }
}

/// A person whom the issuer has signed in, with a verified e-mail address.
struct OpenIDPerson: Sendable, Hashable {
    var subject: String
    var email: String
    var name: String
}
