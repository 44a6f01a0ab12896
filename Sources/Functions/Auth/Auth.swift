import Jobs
import JSON
import LambdaRuntime
import Logging
import WallClock

extension FunctionName {
    /// Exchanges the password for a session token.
    package static let auth = FunctionName("auth")
}

/// Exchanges the deployment's password for a session token of 24 hours.
///
/// A wrong password is answered after a second. With the function's reserved concurrency this
/// bounds the guesses of all clients together.
enum Auth {
    static let function = Function(.auth, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var sessions: PasswordSessions?
        var sleep: @Sendable (Duration) async throws -> Void

        init(_ services: Services) {
            sessions = services.passwordSessions
            sleep = services.sleep
        }
    }

    /// Delay of the answer to a wrong password.
    static let guessDelay = Duration.seconds(1)

    private struct Session: Encodable {
        var token: String
        /// RFC 3339, UTC.
        var expiresAt: String

        private enum CodingKeys: String, CodingKey { case token, expiresAt = "expires_at" }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: Authorizer(verifiers: []), methods: ["POST"]
        ) { authorized in
            guard let sessions = dependencies.sessions else { throw passwordless }
            let password = try password(in: try authorized.jsonObject())
            guard let token = try await sessions.token(for: password) else {
                context.logger.warning(
                    "Wrong password", ["sourceIp": .string(request.sourceIP)])
                try await dependencies.sleep(guessDelay)
                throw wrongPassword
            }
            return .json(
                status: 200, Session(token: token.text, expiresAt: token.expires.rfc3339))
        }
    }

    private static func password(in body: JSONValue) throws(Problem) -> String {
        var reader = JSONReader()
        let password = reader.object(JSONNode(body, .root))
            .flatMap { reader.required("password", of: $0) }
            .flatMap { reader.text($0, lengthMax: 1_000) }
        guard let password, reader.faults.isEmpty else { throw Problem.invalid(reader.faults) }
        return password
    }

    private static let passwordless = Problem(
        status: 404, title: "Not found",
        detail: "This deployment has no password (AUTH_PASSWORD); requests need no session.")

    private static let wrongPassword = Problem(
        status: 401, title: "Unauthorized", detail: "The password is wrong.",
        faults: [FieldFault(pointer: "/password", detail: "is wrong")],
        error: "Invalid password")
}
