import Accounts
import Crypto
import Database
import Foundation
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport
import WallClock

@testable import Functions

/// Accounts on both databases.
@Suite struct AccountFlowTests {
    private static func with(
        _ kind: DatabaseKind, _ body: (AccountHarness) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(kind) { try await body(try AccountHarness($0)) }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a person signs up, in and out`(kind: DatabaseKind) async throws {
        try await Self.with(kind) { harness in
            let token = try await harness.signUp("ann")
            #expect(try await harness.signIn("ann").status == 401)
            for _ in 0..<2 {
                let answer = try await harness.call(
                    "POST", "/api/auth/verify-email", ["token": .string(token)])
                #expect(answer.status == 200)
            }
            let session = try #require(try await harness.signIn("ann").json["token"]?.text)
            let me = try await harness.me(session)
            #expect(me["email"] == "ann@example.org")
            #expect(me["workspaces"] != .array([]))
            let refreshed = try await harness.call("POST", "/api/auth/refresh", token: session)
            let new = try #require(refreshed.json["token"]?.text)
            #expect(try await harness.call("POST", "/api/auth/sign-out", token: new).status == 204)
            #expect(try await harness.me(new)["error"] == "Invalid or expired token")
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a session ends unused, old, or by a copied token`(kind: DatabaseKind) async throws {
        try await Self.with(kind) { harness in
            let session = try await harness.person("ann")
            func isValid(_ token: String) async throws -> Bool {
                try await harness.me(token)["email"] != nil
            }
            for _ in 0..<4 {
                harness.functions.clock.advance(by: .seconds(6 * 86_400))
                #expect(try await isValid(session), "used every six days")
            }
            harness.functions.clock.advance(by: .seconds(6 * 86_400))
            #expect(try await !isValid(session), "thirty days old")

            let idle = try #require(try await harness.signIn("ann").json["token"]?.text)
            harness.functions.clock.advance(by: .seconds(7 * 86_400))
            #expect(try await !isValid(idle), "not used for a week")

            let copied = try #require(try await harness.signIn("ann").json["token"]?.text)
            let answer = try await harness.call("POST", "/api/auth/refresh", token: copied)
            let new = try #require(answer.json["token"]?.text)
            harness.functions.clock.advance(by: .seconds(59))
            #expect(try await isValid(copied))
            harness.functions.clock.advance(by: .seconds(2))
            #expect(try await !isValid(copied), "the old token after the rotation")
            #expect(try await !isValid(new), "the session ends with it")
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `work and writes are the same with and without an account`(
        kind: DatabaseKind
    ) async throws {
        try await Self.with(kind) { harness in
            _ = try await harness.person("known")
            func traces(_ path: String, _ fields: [String: JSONValue]) async throws -> [String] {
                var traces: [String] = []
                for name in ["known", "unknown"] {
                    let (calls, keys) = (harness.hasher.calls.count, harness.mailKeys.count)
                    let body = fields.merging(["email": .string("\(name)@example.org")]) { $1 }
                    let answer = try await harness.call("POST", path, .object(body))
                    let text = String(
                        decoding: JSONValue.object(answer.json).bytes, as: UTF8.self)
                    let work = harness.hasher.calls.dropFirst(calls)
                    traces.append(
                        "\(answer.status) \(text) \(work) \(harness.mailKeys.count - keys)")
                }
                return traces
            }
            for (path, fields) in [
                ("/api/auth/sign-in", ["password": "a wrong password"]),
                ("/api/auth/forgot-password", [:]),
                ("/api/auth/sign-up", ["password": "a long password", "name": "x"]),
            ] as [(String, [String: JSONValue])] {
                let traces = try await traces(path, fields)
                #expect(traces[0] == traces[1], "\(path)")
            }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a code and a challenge count once for requests at the same time`(
        kind: DatabaseKind
    ) async throws {
        try await Self.with(kind) { harness in
            let session = try await harness.person("ann")
            let path = "/api/users/me/two-factor"
            _ = try await harness.call(
                "POST", path, ["password": .string(AccountHarness.password)], token: session)
            let secret = try await harness.functions.accounts?.database.read { connection in
                try connection.first("SELECT totp_secret FROM users")?.text("totp_secret")
            }
            let opened = secret.flatMap { bytes(base64URL: $0) }
                .flatMap { harness.functions.accounts?.box.open($0) }
            let generator = OneTimePassword(secret: try #require(opened))
            func code() -> JSONValue {
                let step = OneTimePassword.step(at: harness.functions.clock.now)
                return .string(generator.code(step: step))
            }
            let confirmed = try await harness.call(
                "POST", "\(path)/confirm", ["code": code()], token: session)
            #expect(confirmed.status == 200)
            harness.functions.clock.advance(by: .seconds(60))
            var challenges: [JSONValue] = []
            for _ in 0..<8 {
                challenges.append(try await harness.signIn("ann").json["challenge"] ?? .null)
            }
            let entered = code()
            let statuses = try await concurrentMap(challenges, limit: 8) { challenge in
                try await harness.call(
                    "POST", "/api/auth/two-factor", ["challenge": challenge, "code": entered]
                ).status
            }
            #expect(statuses.sorted() == [200] + [Int](repeating: 401, count: 7))
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a message that is sent twice leaves one valid link`(kind: DatabaseKind) async throws {
        try await Self.with(kind) { harness in
            _ = try await harness.call(
                "POST", "/api/auth/sign-up",
                ["email": "ann@example.org", "password": "a long password", "name": "Ann"])
            let key = try #require(harness.mailKeys.first)
            harness.functions.receiver.answer(451)
            await #expect(throws: (any Error).self) {
                try await harness.functions.deliver(key, to: .accountMail)
            }
            let first = try harness.mailedToken(to: "ann@example.org")
            try await harness.functions.deliver(key, to: .accountMail)
            try await harness.functions.deliver(key, to: .accountMail)
            #expect(harness.functions.receiver.messages.count == 2 && harness.mailKeys.isEmpty)
            let second = try harness.mailedToken(to: "ann@example.org")
            for (token, status) in [(first, 400), (second, 200)] {
                let answer = try await harness.call(
                    "POST", "/api/auth/verify-email", ["token": .string(token)])
                #expect(answer.status == status)
            }
            // No token is stored: neither in the database nor in the store.
            let hash = try #require(OpaqueToken(second)).hash
            let stored = try await harness.functions.accounts?.database.read { connection in
                try connection.first("SELECT token_hash FROM sign_ups")?.text("token_hash")
            }
            #expect(stored == hash)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `strangers cannot fill a mailbox`(kind: DatabaseKind) async throws {
        try await Self.with(kind) { harness in
            _ = try await harness.person("ann")
            let body: JSONValue = [
                "email": "ann@example.org", "password": "a long password", "name": "x",
            ]
            for path in ["sign-up", "forgot-password"] {
                let before = harness.functions.receiver.messages.count
                for _ in 0..<8 {
                    let answer = try await harness.call("POST", "/api/auth/\(path)", body)
                    #expect(answer.status == 202)
                }
                try await harness.sendMail()
                let count = harness.functions.receiver.messages.count - before
                // The verified sign-up is one of the five.
                #expect(count == (path == "sign-up" ? 4 : 5))
            }
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `the password of the verified sign-up counts, not that of another`(
        kind: DatabaseKind
    ) async throws {
        try await Self.with(kind) { harness in
            let mine = try await harness.signUp("ann")
            _ = try await harness.call(
                "POST", "/api/auth/sign-up",
                ["email": "ann@example.org", "password": "the attacker's", "name": "Eve"])
            try await harness.sendMail()
            let other = try harness.mailedToken(to: "ann@example.org")
            for (token, status) in [(mine, 200), (other, 400)] {
                let answer = try await harness.call(
                    "POST", "/api/auth/verify-email", ["token": .string(token)])
                #expect(answer.status == status)
            }
            #expect(try await harness.signIn("ann", "the attacker's").status == 401)
            #expect(try await harness.signIn("ann").status == 200)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `a deleted workspace loses its media and its rows after a week`(
        kind: DatabaseKind
    ) async throws {
        try await Self.with(kind) { harness in
            let ann = try await harness.person("ann")
            let bob = try await harness.person("bob")
            let id = try #require(try await harness.me(ann)["workspaceId"]?.text)
            let path = "/api/workspaces/\(id)"
            try await harness.join("bob", bob, to: path, by: ann)
            let deleted = try await harness.call("DELETE", path, token: ann)
            #expect(deleted.status == 202 && deleted.json["removedAt"] != nil)
            harness.functions.clock.advance(by: .seconds(6 * 86_400))
            #expect(try await harness.expire()["workspaces"] == 0)
            #expect(try await harness.call("GET", path, token: bob).status == 200)
            harness.functions.clock.advance(by: .seconds(86_400))
            let restored = try await harness.call("POST", "\(path)/restore", token: ann)
            #expect(restored.status == 401 || restored.status == 409)
            for count in [1, 0] {
                #expect(try await harness.expire()["workspaces"] == .integer(count))
            }
            let owner = try #require(OwnerID(id))
            #expect(harness.functions.memory.keys.contains(OwnerKeys(owner).removal.text))
            let rows = try await harness.functions.accounts?.database.read { connection in
                try connection.query("SELECT user_id FROM members WHERE workspace_id = $1", id)
                    .count
            }
            #expect(rows == 0)
        }
    }

    @Test(arguments: TestDatabase.kinds)
    func `administrators and members page through lists`(kind: DatabaseKind) async throws {
        try await Self.with(kind) { harness in
            let root = try await harness.person("root")
            for name in ["ann", "bob", "cem"] { _ = try await harness.person(name) }
            for (path, list) in [
                ("users", "users"), ("workspaces", "workspaces"), ("audit", "entries"),
            ] {
                var (found, cursor): ([JSONValue], String?) = ([], "")
                while let next = cursor {
                    var query = ["limit": "2"]
                    if !next.isEmpty { query["cursor"] = next }
                    let page = try await harness.functions.call(
                        .admin, "GET", "/api/admin/\(path)", query: query, token: root)
                    guard case .array(let entries)? = page.json[list] else {
                        throw HarnessError(text: "\(page)")
                    }
                    found += entries
                    cursor = page.json["nextCursor"]?.text
                }
                #expect(Set(found).count == found.count)
                #expect(path == "audit" ? found.count >= 8 : found.count == 4)
            }
            let stats = try await harness.call("GET", "/api/admin/stats", token: root)
            #expect(stats.json["users"] == 4)
        }
    }

    @Test func `the audit trail is only added to`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let files = FileManager.default.enumerator(
            at: root.appending(path: "Sources"), includingPropertiesForKeys: nil)
        var count = 0
        while let url = files?.nextObject() as? URL {
            guard url.pathExtension == "swift",
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            for statement in ["UPDATE audit_entries", "DELETE FROM audit_entries"] {
                #expect(!text.contains(statement), "\(url.lastPathComponent)")
            }
            if text.contains("INSERT INTO audit_entries") { count += 1 }
        }
        #expect(count == 1)
    }
}
