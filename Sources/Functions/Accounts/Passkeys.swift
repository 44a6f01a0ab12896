import Accounts
import Crypto
import Database
import JSON
import LambdaRuntime
import WallClock

/// Passkeys (WebAuthn): their registration, and the sign-in by them.
///
/// Each is two calls: the first answers with the browser's options and a `state`, the second takes
/// the browser's response. The challenge is the hash of the state, so it is stored nowhere else.
struct Passkeys: Sendable {
    private let calls: AccountCalls

    init(_ calls: AccountCalls) { self.calls = calls }

    /// Passkeys of one user.
    static let countMax = 20

    private var rules: PasskeyRules { PasskeyRules(origin: calls.accounts.cookie.origin) }

    private static func challenge(_ hash: String) -> [UInt8] { bytes(hex: hash) ?? [] }

    /// Registers a passkey for the caller.
    func register() async throws -> FunctionURLResponse {
        let account = try calls.session()
        var fields = try BodyFields(calls.request)
        guard fields.names.contains("state") else { return try await begin(account) }
        let state = fields.text("state", lengthMax: 200)
        let name = fields.optionalText("name", lengthMax: 100) ?? "Passkey"
        let response = PasskeyResponse(&fields)
        try fields.check()
        let (calls, rules, time) = (calls, rules, calls.now)
        let id = try await calls.accounts.write { connection -> String in
            guard
                let step = try StepTable.step(state, .passkeyRegistration, at: time, connection),
                step.userID == account.userID, try StepTable.take(step.hash, connection)
            else { throw Self.wrongState }
            try response.check(rules, .registration, challenge: Self.challenge(step.hash))
            guard
                let (id, key) = PasskeyKey.credential(
                    ofAuthenticatorData: response.authenticatorData)
            else { throw PasskeyResponse.fault("has no key", at: "authenticatorData") }
            let added = try connection.change(
                """
                INSERT INTO passkeys(id, user_id, name, public_key, sign_count, created_ms)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT(id) DO NOTHING
                """, base64URL(id), account.userID, name,
                "\(key.algorithm) \(base64URL(key.bytes))",
                PasskeyRules.signCount(ofAuthenticatorData: response.authenticatorData), time)
            guard added == 1 else {
                throw Problem(
                    status: 409, title: "Conflict", detail: "The passkey is registered already.")
            }
            try calls.audit("passkey.create", by: account.userID, subject: base64URL(id))
                .add(connection)
            return base64URL(id)
        }
        return .json(status: 201, ["id": .string(id), "name": .string(name)] as JSONValue)
    }

    private func begin(_ account: AccountCaller) async throws -> FunctionURLResponse {
        let (state, time) = (OpaqueToken.make(.step), calls.now)
        let (user, known) = try await calls.accounts.write { connection in
            guard let user = try UserTable.user(id: account.userID, connection) else {
                throw Problem.notFound
            }
            let known = try Self.documents(of: user.id, connection)
            guard known.count < Self.countMax else {
                throw Problem(
                    status: 409, title: "Conflict",
                    detail: "The account has \(Self.countMax) passkeys; remove one first.")
            }
            try StepTable.insert(
                state, .passkeyRegistration, userID: user.id, at: time, connection)
            return (user, known)
        }
        let excluded = known.map { key -> JSONValue in
            ["type": "public-key", "id": key["id"] ?? .null]
        }
        let options: JSONValue = [
            "challenge": .string(base64URL(Self.challenge(state.hash))),
            "rp": ["id": .string(rules.relyingParty), "name": .string(calls.accounts.appName)],
            "user": [
                "id": .string(base64URL(Array(user.id.utf8))), "name": .string(user.email),
                "displayName": .string(user.name),
            ],
            "pubKeyCredParams": .array(
                [-7, -8, -257].map { ["type": "public-key", "alg": .integer($0)] }),
            "excludeCredentials": .array(excluded), "attestation": "none",
            "authenticatorSelection": [
                "residentKey": "required", "userVerification": "required",
            ],
        ]
        return .json(
            status: 200, ["state": .string(state.text), "publicKey": options] as JSONValue)
    }

    /// Signs in by a passkey. The authenticator has verified the person, so no second factor is
    /// asked for.
    func signIn() async throws -> FunctionURLResponse {
        var fields = try BodyFields(calls.request)
        guard fields.names.contains("state") else { return try await beginSignIn() }
        let state = fields.text("state", lengthMax: 200)
        let id = fields.text("id", lengthMax: 1_400)
        let signature = fields.bytes("signature")
        let response = PasskeyResponse(&fields)
        try fields.check()
        let (calls, rules, time) = (calls, rules, calls.now)
        let (session, user) = try await calls.accounts.write {
            connection -> (NewSession, UserRow) in
            guard let step = try StepTable.step(state, .passkeySignIn, at: time, connection),
                try StepTable.take(step.hash, connection)
            else { throw Self.wrongState }
            try response.check(rules, .signIn, challenge: Self.challenge(step.hash))
            let count = PasskeyRules.signCount(ofAuthenticatorData: response.authenticatorData)
            guard
                let row = try connection.first(
                    "SELECT user_id, public_key, sign_count FROM passkeys WHERE id = $1", id),
                let key = Self.key(try row.text("public_key")),
                key.verifies(
                    signature, clientData: response.clientData,
                    authenticatorData: response.authenticatorData,
                    relyingParty: rules.relyingParty),
                PasskeyRules.isAdvanced(count, from: try row.integer("sign_count")),
                let user = try UserTable.user(id: try row.text("user_id"), connection)
            else { throw Self.wrongPasskey }
            try connection.execute(
                "UPDATE passkeys SET sign_count = $1, used_ms = $2 WHERE id = $3", count, time, id)
            let session = NewSession(
                id: calls.newID("ses"), userID: user.id, method: "passkey", calls.request,
                time: time)
            try session.insert(connection)
            try calls.audit(
                "session.create", by: user.id, subject: session.id,
                change: ["after": ["method": "passkey"]]
            ).add(connection)
            return (session, user)
        }
        return calls.signedIn(session, user)
    }

    private func beginSignIn() async throws -> FunctionURLResponse {
        let (state, time) = (OpaqueToken.make(.step), calls.now)
        try await calls.accounts.write { connection in
            try StepTable.insert(state, .passkeySignIn, userID: nil, at: time, connection)
        }
        let options: JSONValue = [
            "challenge": .string(base64URL(Self.challenge(state.hash))),
            "rpId": .string(rules.relyingParty), "userVerification": "required",
            "allowCredentials": [],
        ]
        return .json(
            status: 200, ["state": .string(state.text), "publicKey": options] as JSONValue)
    }

    private static func key(_ text: String) -> PasskeyKey? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let algorithm = Int(parts[0]),
            let bytes = bytes(base64URL: String(parts[1]))
        else { return nil }
        return PasskeyKey(algorithm: algorithm, bytes: bytes)
    }

    /// The passkeys of the caller.
    func list() async throws -> FunctionURLResponse {
        let account = try calls.session()
        let keys = try await calls.accounts.read { connection in
            try Self.documents(of: account.userID, connection)
        }
        return .json(status: 200, ["passkeys": .array(keys)] as JSONValue)
    }

    static func documents(
        of userID: String, _ connection: any DatabaseConnection
    ) throws -> [JSONValue] {
        try connection.query(
            """
            SELECT id, name, created_ms, used_ms FROM passkeys WHERE user_id = $1
            ORDER BY created_ms, id
            """, userID
        ).map { row in
            [
                "id": .string(try row.text("id")), "name": .string(try row.text("name")),
                "createdAt": .string(try row.time("created_ms").rfc3339),
                "usedAt": .optional(try row.optionalTime("used_ms")?.rfc3339),
            ]
        }
    }

    func remove(_ id: String) async throws -> FunctionURLResponse {
        let account = try calls.session()
        let calls = calls
        try await calls.accounts.write { connection in
            let removed = try connection.change(
                "DELETE FROM passkeys WHERE id = $1 AND user_id = $2", id, account.userID)
            guard removed == 1 else { throw Problem.notFound }
            try calls.audit("passkey.remove", by: account.userID, subject: id).add(connection)
        }
        return FunctionURLResponse(statusCode: 204, headers: ["cache-control": "no-store"])
    }

    private static let wrongState = Problem(
        status: 401, title: "Unauthorized",
        detail: "The state is unknown, used or too old; begin again.",
        faults: [FieldFault(pointer: "/state", detail: "is unknown, used or too old")],
        error: "Invalid state")
    private static let wrongPasskey = Problem(
        status: 401, title: "Unauthorized",
        detail: "The passkey is unknown or its signature wrong.",
        error: "Invalid passkey")
}

/// The parts of a browser's response, each in base64url.
struct PasskeyResponse: Sendable {
    var clientData: [UInt8]
    var authenticatorData: [UInt8]

    init(_ fields: inout BodyFields) {
        clientData = fields.bytes("clientDataJSON")
        authenticatorData = fields.bytes("authenticatorData")
    }

    /// - Throws: 400 at the part that violates a rule.
    func check(
        _ rules: PasskeyRules, _ ceremony: PasskeyRules.Ceremony, challenge: [UInt8]
    ) throws(Problem) {
        if let rule = rules.fault(ofClientData: clientData, ceremony, challenge: challenge) {
            throw Self.fault(rule, at: "clientDataJSON")
        }
        if let rule = rules.fault(ofAuthenticatorData: authenticatorData) {
            throw Self.fault(rule, at: "authenticatorData")
        }
    }

    static func fault(_ detail: String, at name: String) -> Problem {
        .invalid([FieldFault(pointer: "/\(name)", detail: detail)])
    }
}

extension BodyFields {
    /// Bytes in base64url; empty after a fault.
    mutating func bytes(_ name: String) -> [UInt8] {
        let text = self.text(name, lengthMax: 16_000)
        if let bytes = Crypto.bytes(base64URL: text) { return bytes }
        report("is not base64url", at: name)
        return []
    }
}
