import Jobs
import WallClock
import Accounts
import Database
import JSON
import LambdaRuntime
import Notify

/// Sign-up: an account is made when its e-mail address is verified, not before.
struct SignUp: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Time in which the link of the message can be used.
    static let lifetime = Duration.seconds(86_400)

    /// Stores the sign-up and asks for the message. An address that has an account gets another
    /// message and the same answer.
    func signUp() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let email = fields.email("email")
        let name = fields.text("name", lengthMax: AccountText.nameCharactersMax)
        let language = fields.language("language")
        let password = fields.newPassword("password", email: email)
        try fields.check()
        let hash = try await calls.accounts.hasher.hash(password)
        let (id, time) = (calls.newID("sup"), calls.now)
        try await calls.accounts.write { connection in
            try connection.execute(
                """
                INSERT INTO sign_ups(id, email, name, language, password_hash, created_ms,
                  expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
                """, id, email, name, language, hash, time, time + Self.lifetime)
        }
        try await calls.requestMail(AccountMailRequest(.signUp, subject: id))
        return .json(status: 202, ["status": "verification-sent"] as JSONValue)
    }

    /// Makes the account of the message's token. A second use gives the same answer.
    func verify() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let text = fields.text("token", lengthMax: 200)
        try fields.check()
        guard let token = OpaqueToken(text), token.kind == .step else { throw Self.invalidToken }
        let calls = calls
        let email = try await calls.accounts.write { connection -> String? in
            guard
                let row = try connection.first(
                    """
                    SELECT id, email, name, language, password_hash, user_id FROM sign_ups
                    WHERE token_hash = $1 AND expires_ms > $2
                    """, token.hash, calls.now)
            else { return nil }
            let email = try row.text("email")
            guard try row.optionalText("user_id") == nil else { return email }
            let user = try NewUser(
                id: calls.newID("usr"), workspaceID: calls.newID("ws"), email: email,
                name: try row.text("name"), language: try row.text("language"),
                passwordHash: try row.text("password_hash"),
                isAdmin: calls.accounts.adminEmails.contains(email), time: calls.now,
                slugSuffix: calls.randomText(7)
            ).create(connection)
            try connection.execute(
                "UPDATE sign_ups SET user_id = $1 WHERE id = $2", user.id, try row.text("id"))
            // Other sign-ups of the address have other passwords.
            try connection.execute(
                "DELETE FROM sign_ups WHERE email = $1 AND user_id IS NULL", email)
            try calls.audit("user.create", by: user.id, subject: user.id).add(connection)
            return email
        }
        guard let email else { throw Self.invalidToken }
        return .json(status: 200, ["verified": true, "email": .string(email)] as JSONValue)
    }

    static let invalidToken = Problem(
        status: 400, title: "Invalid request", detail: "/token is unknown, used or too old.",
        faults: [FieldFault(pointer: "/token", detail: "is unknown, used or too old")],
        error: "Invalid token")
}

extension BodyFields {
    /// An e-mail address in lower case; empty after a fault.
    mutating func email(_ name: String) -> String {
        let text = self.text(name, lengthMax: 254)
        if !text.isEmpty, MailAddress(text) == nil { report("is no e-mail address", at: name) }
        return AccountText.canonical(email: text)
    }

    /// The language of messages; `en` if it is missing.
    mutating func language(_ name: String) -> String {
        guard let text = optionalText(name, lengthMax: 12) else { return "en" }
        if MailTemplate.language(text) == nil { report("is no language such as en", at: name) }
        return text
    }

    /// A password that the rules accept.
    mutating func newPassword(_ name: String, email: String) -> String {
        let password = text(name, lengthMax: 10_000)
        if !password.isEmpty,
            let fault = AccountText.fault(ofPassword: password, email: email)
        {
            report(fault, at: name)
        }
        return password
    }
}
