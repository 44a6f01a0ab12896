import Accounts
import Crypto
import Database
import JSON
import LambdaRuntime

/// The second factor of the caller: codes of an authenticator app, and recovery codes.
struct SecondFactor: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Makes a secret, which counts once `confirm` has seen a code of it.
    func begin() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let password = fields.optionalText("password", lengthMax: 10_000) ?? ""
        try fields.check()
        try await calls.confirm(password: password, of: account, at: "password")
        let secret = randomBytes(count: OneTimePassword.secretByteCount)
        let sealed = base64URL(calls.accounts.box.seal(secret))
        let time = calls.now
        let email = try await calls.accounts.write { connection -> String in
            guard let user = try UserTable.user(id: account.userID, connection) else {
                throw Problem.notFound
            }
            guard !user.hasSecondFactor else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "The account has a second factor; remove it first.")
            }
            try connection.execute(
                "UPDATE users SET totp_secret = $1, totp_step = 0, changed_ms = $2 WHERE id = $3",
                sealed, time, user.id)
            return user.email
        }
        let generator = OneTimePassword(secret: secret)
        return .json(
            status: 200,
            [
                "secret": .string(generator.base32),
                "otpauthUrl": .string(
                    generator.address(issuer: calls.accounts.appName, account: email)),
            ] as JSONValue)
    }

    /// Switches the factor on by a code.
    /// - Returns: ten recovery codes, which are not shown again.
    func confirm() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let code = fields.text("code", lengthMax: 20)
        try fields.check()
        let codes = (0..<RecoveryCode.count).map { _ in
            RecoveryCode.text(random: randomBytes(count: 12))
        }
        let (calls, time) = (calls, calls.now)
        let isRight = try await calls.accounts.write { connection -> Bool in
            guard let user = try UserTable.user(id: account.userID, connection),
                user.totpSecret != nil, !user.hasSecondFactor
            else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "No second factor waits for its confirmation.")
            }
            guard try SignIn.use(code, of: user, calls, connection) == "totp" else {
                return false
            }
            try connection.execute(
                "UPDATE users SET totp_confirmed_ms = $1, changed_ms = $1 WHERE id = $2", time,
                user.id)
            try connection.execute("DELETE FROM recovery_codes WHERE user_id = $1", user.id)
            for code in codes {
                try connection.execute(
                    "INSERT INTO recovery_codes(user_id, hash) VALUES ($1, $2)", user.id,
                    RecoveryCode.hash(code, userID: user.id))
            }
            try calls.audit("second-factor.create", by: user.id, subject: user.id)
                .add(connection)
            return true
        }
        guard isRight else { throw SignIn.wrongCode }
        return .json(
            status: 200, ["recoveryCodes": .array(codes.map { .string($0) })] as JSONValue)
    }

    /// Switches the factor off by a code.
    func remove() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        let code = fields.text("code", lengthMax: 100)
        try fields.check()
        let (calls, time) = (calls, calls.now)
        let isRight = try await calls.accounts.write { connection -> Bool in
            guard let user = try UserTable.user(id: account.userID, connection),
                user.hasSecondFactor
            else { throw Problem.notFound }
            guard try SignIn.use(code, of: user, calls, connection) != nil else { return false }
            try connection.execute(
                """
                UPDATE users SET totp_secret = NULL, totp_confirmed_ms = NULL, changed_ms = $1
                WHERE id = $2
                """, time, user.id)
            try connection.execute("DELETE FROM recovery_codes WHERE user_id = $1", user.id)
            try calls.audit("second-factor.remove", by: user.id, subject: user.id)
                .add(connection)
            return true
        }
        guard isRight else { throw SignIn.wrongCode }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }
}
