import Accounts
import Database
import Jobs
import LambdaRuntime
import Logging
import Notify
import ObjectStore
import WallClock

extension FunctionName {
    /// Sends messages of accounts.
    package static let accountMail = FunctionName("account-mail")
}

/// Sends the message that a request below `mails/` asks for, and removes the request.
///
/// The token of a link is made here and stored as its hash: no store holds it. A request that
/// comes twice sends a second message, whose token replaces the first one's.
enum AccountMail {
    static let function = Function(
        .accountMail, object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var accounts: AccountServices?
        var deliveries: DeliveryServices
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            bucket = services.bucket
            accounts = services.accounts
            deliveries = services.deliveries
            now = services.now
        }
    }

    /// - Throws: when the database, the store or the mail server failed. The event comes again.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records where AccountMailKeys.isRequest(record.key) {
            let key = ObjectKey(record.key)
            guard
                let request = try await dependencies.bucket.document(
                    AccountMailRequest.self, at: key)
            else { continue }
            guard let accounts = dependencies.accounts else {
                context.logger.warning("Message dropped: accounts are off")
                try await dependencies.bucket.deleteObject(key)
                continue
            }
            let letter = try await AccountLetter.prepared(
                request, accounts, at: dependencies.now())
            if let letter {
                try await send(letter, id: record.key, context, dependencies, accounts)
            }
            try await dependencies.bucket.deleteObject(key)
        }
    }

    private static func send(
        _ letter: AccountLetter, id: String, _ context: InvocationContext,
        _ dependencies: Dependencies, _ accounts: AccountServices
    ) async throws {
        let deliveries = dependencies.deliveries
        guard let sender = deliveries.mailSender, let recipient = MailAddress(letter.email) else {
            context.logger.error("Message dropped: e-mail is not configured")
            return
        }
        guard
            let template = deliveries.template(letter.language, letter.template)
                ?? deliveries.template("en", letter.template)
        else { throw HandlerFailure.permanent("The template \(letter.template) is missing.") }
        var values = letter.values
        values["appName"] = accounts.appName
        values["appUrl"] = accounts.appURL
        let content = template.filled(values)
        let message = MailMessage(
            sender: sender, recipient: recipient, subject: content.subject, text: content.text,
            html: content.html, id: String(id.filter { $0.isLetter || $0.isNumber }.suffix(30)),
            date: dependencies.now())
        let reply = await deliveries.client.send(message)
        guard case .status(let status, _) = reply.response, (200..<300).contains(status) else {
            throw HandlerFailure.permanent(
                "The mail server did not take the message.", detail: reply.excerpt)
        }
        context.logger.info("Message sent", ["template": .string(letter.template)])
    }
}

/// A message of accounts before its template is filled.
struct AccountLetter: Sendable {
    var email: String
    var language: String
    var template: String
    var values: [String: String]

    /// Messages of a kind that an address gets while their links are valid: strangers can ask
    /// for them.
    static let messageCountMax = 5

    /// The message of a request with a new token; nil if there is nothing to send.
    static func prepared(
        _ request: AccountMailRequest, _ accounts: AccountServices, at time: UnixTime
    ) async throws -> AccountLetter? {
        let token = OpaqueToken.make(.step)
        return try await accounts.write { connection in
            switch request.kind {
            case .signUp:
                try signUp(request.subject, token, accounts.appURL, at: time, connection)
            case .passwordReset:
                try reset(request.subject, token, accounts.appURL, at: time, connection)
            case .invitation:
                try invitation(request.subject, token, accounts.appURL, connection)
            }
        }
    }

    private static func signUp(
        _ id: String, _ token: OpaqueToken, _ appURL: String, at time: UnixTime,
        _ connection: any DatabaseConnection
    ) throws -> AccountLetter? {
        guard
            let row = try connection.first(
                "SELECT email, name, language FROM sign_ups WHERE id = $1 AND user_id IS NULL", id)
        else { return nil }
        let (email, name) = (try row.text("email"), try row.text("name"))
        let sent = try connection.first(
            """
            SELECT COUNT(*) AS count FROM sign_ups
            WHERE email = $1 AND id <> $2 AND token_hash IS NOT NULL AND expires_ms > $3
            """, email, id, time)
        guard try (sent?.integer("count") ?? 0) < messageCountMax else { return nil }
        try connection.execute(
            "UPDATE sign_ups SET token_hash = $1 WHERE id = $2", token.hash, id)
        if let user = try UserTable.user(email: email, connection) {
            // The token is in no message: the row only counts.
            return AccountLetter(
                email: email, language: user.language, template: "account-exists",
                values: ["name": user.name])
        }
        return AccountLetter(
            email: email, language: try row.text("language"), template: "account-verify",
            values: ["name": name, "link": "\(appURL)#verify=\(token.text)", "token": token.text])
    }

    private static func reset(
        _ email: String, _ token: OpaqueToken, _ appURL: String, at time: UnixTime,
        _ connection: any DatabaseConnection
    ) throws -> AccountLetter? {
        guard let user = try UserTable.user(email: email, connection) else { return nil }
        let sent = try connection.first(
            """
            SELECT COUNT(*) AS count FROM step_tokens
            WHERE user_id = $1 AND purpose = $2 AND expires_ms > $3
            """, user.id, StepPurpose.passwordReset.rawValue, time)
        guard try (sent?.integer("count") ?? 0) < messageCountMax else { return nil }
        try StepTable.insert(
            token, .passwordReset, userID: user.id, at: time, connection)
        return AccountLetter(
            email: email, language: user.language, template: "account-reset",
            values: [
                "name": user.name, "link": "\(appURL)#reset=\(token.text)", "token": token.text,
            ])
    }

    private static func invitation(
        _ id: String, _ token: OpaqueToken, _ appURL: String, _ connection: any DatabaseConnection
    ) throws -> AccountLetter? {
        guard
            let row = try connection.first(
                """
                SELECT i.email, i.role, w.name, u.name AS inviter, u.language FROM invitations i
                JOIN workspaces w ON w.id = i.workspace_id JOIN users u ON u.id = i.invited_by
                WHERE i.id = $1 AND i.status = 'pending'
                """, id)
        else { return nil }
        try connection.execute(
            "UPDATE invitations SET token_hash = $1 WHERE id = $2", token.hash, id)
        return AccountLetter(
            email: try row.text("email"), language: try row.text("language"),
            template: "account-invitation",
            values: [
                "workspace": try row.text("name"), "inviter": try row.text("inviter"),
                "role": try row.text("role"), "link": "\(appURL)#invitation=\(token.text)",
                "token": token.text,
            ])
    }
}
