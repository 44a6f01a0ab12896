import Accounts
import Crypto
import Database
import Foundation
import Functions
import Jobs
import JSON
import Notify
import Synchronization
import TestSupport
import WallClock

/// Hashes passwords cheaply, and counts.
final class CheapHasher: PasswordHasher {
    private let hash = PasswordHash(passes: 1, memoryBytes: 8_192)
    private let state = Mutex<[String]>([])

    /// `hash` and `verify` so far.
    var calls: [String] { state.withLock { $0 } }

    func hash(_ password: String) async throws -> String {
        state.withLock { $0.append("hash") }
        return hash.text(of: password) ?? ""
    }

    func verify(_ password: String, hash: String?) async -> Bool {
        state.withLock { $0.append("verify") }
        guard let hash else { return false }
        return PasswordHash.verify(password, hash: hash)
    }

    func isOutdated(_ hash: String) -> Bool { self.hash.isOutdated(hash) }
}

/// The functions with accounts on a database.
struct AccountHarness: Sendable {
    typealias Answer = (status: Int, json: [String: JSONValue])

    var functions: FunctionHarness
    let hasher = CheapHasher()
    static let password = "a long password"

    init(_ database: any Database) throws {
        guard let box = SecretBox(key: [UInt8](repeating: 7, count: 32)) else {
            throw HarnessError(text: "no box")
        }
        functions = FunctionHarness(tokens: ["static": .local])
        functions.accounts = AccountServices(
            database: database, hasher: hasher, box: box, appURL: "https://app.example",
            adminEmails: ["root@example.org"])
    }

    func call(
        _ method: String, _ path: String, _ body: JSONValue = [:], token: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let first = path.split(separator: "/").dropFirst().first
        let name: FunctionName =
            switch first {
            case "workspaces", "invitations": .workspaces
            case "admin": .admin
            default: .accounts
            }
        return try await functions.call(
            name, method, path, method == "GET" ? "" : String(decoding: body.bytes, as: UTF8.self),
            headers: headers, token: token)
    }

    /// The requests for messages that wait.
    var mailKeys: [String] { functions.memory.keys.filter { $0.hasPrefix("mails/") } }

    /// Sends every message that was requested.
    func sendMail() async throws {
        for key in mailKeys { try await functions.deliver(key, to: .accountMail) }
    }

    /// The token of the newest message to an address.
    func mailedToken(to address: String) throws -> String {
        guard
            let text = functions.receiver.messages.last(where: { $0.recipient.text == address })?
                .text,
            let start = text.firstRange(of: "spool_stp_")?.lowerBound
        else { throw HarnessError(text: "no message to \(address)") }
        return String(text[start...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }

    func signUp(_ name: String) async throws -> String {
        let answer = try await call(
            "POST", "/api/auth/sign-up",
            [
                "email": .string("\(name)@example.org"), "password": .string(Self.password),
                "name": .string(name),
            ])
        guard answer.status == 202 else { throw HarnessError(text: "\(answer)") }
        try await sendMail()
        return try mailedToken(to: "\(name)@example.org")
    }

    func signIn(_ name: String, _ password: String = Self.password) async throws -> Answer {
        try await call(
            "POST", "/api/auth/sign-in",
            ["email": .string("\(name)@example.org"), "password": .string(password)])
    }

    /// A new account; the token of its session.
    func person(_ name: String) async throws -> String {
        let token = try await signUp(name)
        let verified = try await call("POST", "/api/auth/verify-email", ["token": .string(token)])
        let answer = try await signIn(name)
        guard verified.status == 200, let session = answer.json["token"]?.text else {
            throw HarnessError(text: "\(verified) \(answer)")
        }
        return session
    }

    func me(_ token: String) async throws -> [String: JSONValue] {
        try await call("GET", "/api/users/me", token: token).json
    }

    /// Invites a person to the workspace of a session, who accepts.
    func join(_ guest: String, _ guestToken: String, to path: String, by token: String) async throws
    {
        _ = try await call(
            "POST", "\(path)/invitations",
            ["email": .string("\(guest)@example.org"), "role": "member"], token: token)
        try await sendMail()
        let mailed = try mailedToken(to: "\(guest)@example.org")
        let answer = try await call(
            "POST", "/api/invitations/accept", ["token": .string(mailed)], token: guestToken)
        guard answer.status == 200 else { throw HarnessError(text: "\(answer)") }
    }

    /// Uses what the roles of the functions permit.
    func useEveryPermission() async throws -> Set<String> {
        let (ann, bob) = (try await person("ann"), try await person("bob"))
        let workspace = try await me(ann)["workspaceId"]?.text ?? ""
        try await join("bob", bob, to: "/api/workspaces/\(workspace)", by: ann)
        _ = try await call("GET", "/api/users/me/export", token: bob)
        _ = try await call(
            "DELETE", "/api/users/me",
            ["confirm": "bob@example.org", "password": .string(Self.password)], token: bob)
        _ = try await call("DELETE", "/api/workspaces/\(workspace)", token: ann)
        functions.clock.advance(by: .seconds(8 * 86_400))
        _ = try await expire()
        try await functions.deliver("mails/none.mail.json", to: .accountMail)
        return functions.usedPermissions
    }

    /// Runs expire-accounts under its role.
    func expire() async throws -> JSONValue {
        let services = functions.services(functions.allowed(.expireAccounts, nil))
        return try JSONValue(
            parsing: try await Registry.handler(.expireAccounts, services)(
                Array("{}".utf8), FunctionHarness.context))
    }
}
