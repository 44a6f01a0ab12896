import Accounts
import Database
import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Sign-up, sign-in and the profile of people.
    package static let accounts = FunctionName("accounts")
}

/// Signs people up and in, and shows and changes their own account.
enum Accounts {
    static let function = Function(
        .accounts, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var accounts: AccountServices?
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        var randomText: @Sendable (Int) -> String

        init(_ services: Services) {
            bucket = services.bucket
            accounts = services.accounts
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
        }
    }

    typealias Handler = @Sendable (AccountCalls, [String]) async throws -> FunctionURLResponse

    /// A call, and whether it needs no session.
    struct Call: Sendable {
        var isPublic = false
        var handle: Handler
    }

    private static func open(_ path: String, _ handle: @escaping Handler) -> RouteTable<Call>.Route
    {
        .init("POST", path, Call(isPublic: true, handle: handle))
    }

    private static func own(
        _ method: String, _ path: String, _ handle: @escaping Handler
    ) -> RouteTable<Call>.Route {
        .init(method, path, Call(handle: handle))
    }

    static let table = RouteTable<Call>(routes: [
        open("auth/sign-up") { calls, _ in try await SignUp(calls).signUp() },
        open("auth/verify-email") { calls, _ in try await SignUp(calls).verify() },
        open("auth/sign-in") { calls, _ in try await SignIn(calls).signIn() },
        open("auth/two-factor") { calls, _ in try await SignIn(calls).secondFactor() },
        open("auth/forgot-password") { calls, _ in try await PasswordReset(calls).request() },
        open("auth/reset-password") { calls, _ in try await PasswordReset(calls).reset() },
        open("auth/google") { calls, _ in try await OpenIDSignIn(calls).respond() },
        open("auth/passkey") { calls, _ in try await Passkeys(calls).signIn() },
        own("POST", "auth/sign-out") { calls, _ in try await Sessions(calls).signOut() },
        own("POST", "auth/refresh") { calls, _ in try await Sessions(calls).refresh() },
        own("GET", "users/me") { calls, _ in try await Profile(calls).show() },
        own("PATCH", "users/me") { calls, _ in try await Profile(calls).change() },
        own("DELETE", "users/me") { calls, _ in try await AccountRemoval(calls).remove() },
        own("POST", "users/me/onboarding") { calls, _ in try await Profile(calls).onboard() },
        own("POST", "users/me/password") { calls, _ in try await Profile(calls).changePassword() },
        own("GET", "users/me/export") { calls, _ in try await PersonalData(calls).export() },
        own("GET", "users/me/sessions") { calls, _ in try await Sessions(calls).list() },
        own("DELETE", "users/me/sessions/*") { try await Sessions($0).end($1[0]) },
        own("POST", "users/me/two-factor") { calls, _ in try await SecondFactor(calls).begin() },
        own("POST", "users/me/two-factor/confirm") { calls, _ in
            try await SecondFactor(calls).confirm()
        },
        own("DELETE", "users/me/two-factor") { calls, _ in try await SecondFactor(calls).remove() },
        own("GET", "users/me/passkeys") { calls, _ in try await Passkeys(calls).list() },
        own("POST", "users/me/passkeys") { calls, _ in try await Passkeys(calls).register() },
        own("DELETE", "users/me/passkeys/*") { try await Passkeys($0).remove($1[0]) },
        own("GET", "users/me/api-keys") { calls, _ in try await APIKeys(calls).list() },
        own("POST", "users/me/api-keys") { calls, _ in try await APIKeys(calls).create() },
        own("DELETE", "users/me/api-keys/*") { try await APIKeys($0).remove($1[0]) },
    ])

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        let match = Result { () throws(Problem) in try table.call(of: request) }
        let isPublic = (try? match.get())?.call.isPublic ?? false
        return await URLFunction.respond(
            to: request, context,
            authorizer: isPublic ? Authorizer(verifiers: []) : dependencies.authorizer,
            methods: table.methods
        ) { authorized in
            guard let accounts = dependencies.accounts else { throw Problem.accountsOff }
            let (call, parameters) = try match.get()
            let calls = AccountCalls(
                request: authorized.request, caller: authorized.caller, accounts: accounts,
                bucket: dependencies.bucket, now: dependencies.now(),
                randomText: dependencies.randomText, logger: context.logger)
            return try await call.handle(calls, parameters)
        }
    }
}

/// What every call of an account works with.
struct AccountCalls: Sendable {
    var request: FunctionURLRequest
    var caller: Caller
    var accounts: AccountServices
    var bucket: any Bucket
    /// Time of the request.
    var now: UnixTime
    var randomText: @Sendable (Int) -> String
    var logger: Logger

    /// The caller's account.
    /// - Throws: 403 unless the caller has a session: an API key changes no account.
    func session() throws(Problem) -> AccountCaller {
        guard caller.method == .session, let account = caller.account else {
            throw Problem.accountNeeded
        }
        return account
    }

    /// A new ID, `usr-…`.
    func newID(_ prefix: String) -> String { "\(prefix)-\(randomText(20))" }

    /// An entry of the audit trail by this request.
    func audit(
        _ action: String, by actor: String, subject: String, workspaceID: String? = nil,
        change: JSONValue? = nil
    ) -> AuditNote {
        AuditNote(
            entry: AuditEntry(
                actor: actor, action: action, subject: subject, workspaceID: workspaceID,
                sourceIP: request.sourceIP, change: change),
            time: now, random: randomText(8))
    }

    /// Asks account-mail for a message. Every request writes one object, whether there is an
    /// account or not, so that neither answer nor time reveals it.
    func requestMail(_ mail: AccountMailRequest) async throws {
        try await bucket.putDocument(mail, at: AccountMailKeys.request(newID("mail")))
    }

    /// The response to a completed sign-in.
    func signedIn(_ session: NewSession, _ user: UserRow) -> FunctionURLResponse {
        var response = FunctionURLResponse.json(
            status: 200,
            [
                "token": .string(session.token.text),
                "expiresAt": .string((now + SessionRules.lifetimeMax).rfc3339),
                "user": user.document,
            ] as JSONValue)
        response.cookies = [
            accounts.cookie.header(session.token.text, lifetime: SessionRules.lifetimeMax)
        ]
        return response
    }
}

/// An entry of the audit trail with its time, ready to be added in a transaction.
struct AuditNote: Sendable {
    var entry: AuditEntry
    var time: UnixTime
    var random: String

    func add(_ connection: any DatabaseConnection) throws(DatabaseError) {
        try entry.add(at: time, random: random, connection)
    }
}
