import Jobs
import Database
import Accounts
import JSON
import LambdaRuntime

/// A new password by a message to the e-mail address.
struct PasswordReset: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Asks for the message. An address without an account gets the same answer and no message.
    func request() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let email = fields.email("email")
        try fields.check()
        try await calls.requestMail(AccountMailRequest(.passwordReset, subject: email))
        return .json(status: 202, ["status": "sent"] as JSONValue)
    }

    /// Sets the password and ends every session of the user.
    func reset() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        let text = fields.text("token", lengthMax: 200)
        let password = fields.newPassword("password", email: "")
        try fields.check()
        let hash = try await calls.accounts.hasher.hash(password)
        let (calls, time) = (calls, calls.now)
        try await calls.accounts.write { connection in
            guard let step = try StepTable.step(text, .passwordReset, at: time, connection),
                let userID = step.userID, try StepTable.take(step.hash, connection),
                let user = try UserTable.user(id: userID, connection)
            else { throw SignUp.invalidToken }
            try connection.execute(
                "UPDATE users SET password_hash = $1, changed_ms = $2 WHERE id = $3", hash, time,
                userID)
            try connection.execute(
                "DELETE FROM step_tokens WHERE user_id = $1 AND purpose = $2", userID,
                StepPurpose.passwordReset.rawValue)
            try AttemptTable(email: user.email).clear(connection)
            try SessionTable.deleteAll(of: userID, connection)
            try calls.audit("user.reset-password", by: userID, subject: userID).add(connection)
        }
        return .json(status: 200, ["status": "changed"] as JSONValue)
    }
}
