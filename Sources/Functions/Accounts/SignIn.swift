import Accounts
import Crypto
import Database
import JSON
import LambdaRuntime
import Logging
import WallClock

/// Sign-in by password, and its second factor.
struct SignIn: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Checks the password. An address without an account costs the same time and gets the same
    /// answer as a wrong password.
    func signIn() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let email = fields.email("email")
        let password = fields.text("password", lengthMax: 10_000)
        try fields.check()
        let throttle = AttemptTable(email: email)
        let time = calls.now
        let (attempts, user) = try await calls.accounts.read { connection in
            (try throttle.attempts(connection), try UserTable.user(email: email, connection))
        }
        if let pause = SignInThrottle.pause(attempts, now: time) {
            throw Self.tooManyAttempts(pause)
        }
        let isRight = await calls.accounts.hasher.verify(password, hash: user?.passwordHash)
        guard isRight, let user else {
            try await calls.accounts.write { try throttle.addFailure(at: time, $0) }
            calls.logger.warning(
                "Sign-in refused", ["sourceIp": .string(calls.request.sourceIP)])
            throw Self.wrongPassword
        }
        try await renewHash(of: user, password)
        return try await complete(user, method: "password", clearing: throttle)
    }

    /// Starts the session, or asks for the second factor if the user has one.
    func complete(
        _ user: UserRow, method: String, clearing throttle: AttemptTable? = nil
    ) async throws -> FunctionURLResponse {
        let (calls, time) = (calls, calls.now)
        if user.hasSecondFactor {
            let challenge = OpaqueToken.make(.step)
            try await calls.accounts.write { connection in
                try StepTable.insert(
                    challenge, .secondFactor, userID: user.id, data: ["method": .string(method)],
                    at: time, connection)
            }
            return .json(
                status: 200,
                [
                    "twoFactorRequired": true, "challenge": .string(challenge.text),
                    "methods": ["totp", "recovery-code"],
                ] as JSONValue)
        }
        let session = NewSession(
            id: calls.newID("ses"), userID: user.id, method: method, calls.request, time: time)
        try await calls.accounts.write { connection in
            try throttle?.clear(connection)
            try session.insert(connection)
            try calls.audit(
                "session.create", by: user.id, subject: session.id,
                change: ["after": ["method": .string(method)]]
            ).add(connection)
        }
        return calls.signedIn(session, user)
    }

    /// Completes a sign-in by a code of the authenticator or a recovery code, each once.
    func secondFactor() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let challenge = fields.text("challenge", lengthMax: 200)
        let code = fields.text("code", lengthMax: 100)
        try fields.check()
        let (calls, time) = (calls, calls.now)
        let outcome = try await calls.accounts.write { connection -> (NewSession, UserRow)? in
            guard
                let step = try StepTable.step(challenge, .secondFactor, at: time, connection),
                step.attemptCount < SignInThrottle.codeCountMax, let userID = step.userID,
                let user = try UserTable.user(id: userID, connection)
            else { throw Self.wrongChallenge }
            guard let factor = try Self.use(code, of: user, calls, connection) else {
                try StepTable.countAttempt(step.hash, connection)
                return nil
            }
            guard try StepTable.take(step.hash, connection) else { throw Self.wrongChallenge }
            let method = "\(step.data["method"]?.text ?? "password")+\(factor)"
            let session = NewSession(
                id: calls.newID("ses"), userID: userID, method: method, calls.request, time: time)
            try AttemptTable(email: user.email).clear(connection)
            try session.insert(connection)
            try calls.audit(
                "session.create", by: userID, subject: session.id,
                change: ["after": ["method": .string(method)]]
            ).add(connection)
            return (session, user)
        }
        guard let (session, user) = outcome else { throw Self.wrongCode }
        return calls.signedIn(session, user)
    }

    /// Uses a code.
    /// - Returns: the kind of code; nil for a wrong one, or one that was used before.
    static func use(
        _ code: String, of user: UserRow, _ calls: AccountCalls,
        _ connection: any DatabaseConnection
    ) throws -> String? {
        if let sealed = user.totpSecret.flatMap({ bytes(base64URL: $0) }),
            let secret = calls.accounts.box.open(sealed),
            let step = OneTimePassword(secret: secret)
                .step(ofCode: code, after: user.totpStep, now: calls.now)
        {
            // Two requests with one code: the first wins.
            let changed = try connection.change(
                "UPDATE users SET totp_step = $1 WHERE id = $2 AND totp_step < $1", step, user.id)
            return changed == 1 ? "totp" : nil
        }
        let used = try connection.change(
            "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", user.id,
            RecoveryCode.hash(code, userID: user.id))
        return used == 1 ? "recovery-code" : nil
    }

    /// Replaces a hash of older parameters.
    private func renewHash(of user: UserRow, _ password: String) async throws {
        guard let old = user.passwordHash, calls.accounts.hasher.isOutdated(old) else { return }
        let hash = try await calls.accounts.hasher.hash(password)
        try await calls.accounts.write { connection in
            try connection.execute(
                "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3", hash,
                user.id, old)
        }
    }

    private static let wrongPassword = Problem(
        status: 401, title: "Unauthorized", detail: "The e-mail address or the password is wrong.",
        error: "Invalid e-mail or password")
    private static let wrongChallenge = Problem(
        status: 401, title: "Unauthorized",
        detail: "The challenge is unknown, used or too old; sign in again.",
        faults: [FieldFault(pointer: "/challenge", detail: "is unknown, used or too old")],
        error: "Invalid challenge")
    static let wrongCode = Problem(
        status: 401, title: "Unauthorized", detail: "The code is wrong or was used.",
        faults: [FieldFault(pointer: "/code", detail: "is wrong or was used")],
        error: "Invalid code")

    private static func tooManyAttempts(_ pause: Duration) -> Problem {
        let seconds = (pause.wholeMilliseconds + 999) / 1_000
        return Problem(
            status: 429, title: "Too many requests",
            detail: "Too many wrong passwords for this address; try again in \(seconds) s.",
            headers: ["retry-after": "\(seconds)"])
    }
}

/// Wrong passwords of an e-mail address, which is stored as its SHA-256.
struct AttemptTable: Sendable {
    private let hash: String

    init(email: String) { hash = sha256Hex("sign-in \(email)") }

    func attempts(
        _ connection: any DatabaseConnection
    ) throws(DatabaseError) -> SignInThrottle.Attempts? {
        guard
            let row = try connection.first(
                "SELECT attempt_count, since_ms FROM sign_in_attempts WHERE email_hash = $1", hash)
        else { return nil }
        return SignInThrottle.Attempts(
            count: try row.integer("attempt_count"), since: try row.time("since_ms"))
    }

    func addFailure(
        at time: UnixTime, _ connection: any DatabaseConnection
    ) throws(DatabaseError) {
        let next = SignInThrottle.adding(try attempts(connection), now: time)
        try connection.execute(
            """
            INSERT INTO sign_in_attempts(email_hash, attempt_count, since_ms) VALUES ($1, $2, $3)
            ON CONFLICT(email_hash) DO UPDATE SET attempt_count = $2, since_ms = $3
            """, hash, next.count, next.since)
    }

    func clear(_ connection: any DatabaseConnection) throws(DatabaseError) {
        try connection.execute("DELETE FROM sign_in_attempts WHERE email_hash = $1", hash)
    }
}
