import Crypto
import Foundation
import JSON
import Testing
import WallClock

@testable import Accounts

/// Tokens of `Tests/Fixtures/jwt/make.py`, whose keys openssl made.
@Suite struct JWTTests {
    private struct Fixture: Decodable {
        var keySet: JSONValue
        var secret: String
        var HS256: String
        var pem: [String: String]
        var refusedPEM: [String: String]
        var good: [String: String]
        /// Token and name of the refusal.
        var attacks: [String: [String]]
    }

    private static let issued = UnixTime(seconds: 1_700_000_000)
    private static let rules = JWTRules(issuer: "https://issuer.example", audiences: ["spool"])

    private static func fixture() throws -> Fixture {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/jwt/tokens.json")
        return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
    }

    private static func claims(
        _ text: String, _ keys: JWTKeySet, rules: JWTRules = rules, now: UnixTime = issued
    ) throws(JWTRefusal) -> JWTClaims {
        try JSONWebToken(text).claims(keys, rules, now: now)
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"])
    func `a token of a published key is accepted`(algorithm: String) throws {
        let fixture = try Self.fixture()
        let keys = try #require(JWTKeySet(document: fixture.keySet))

        let claims = try Self.claims(try #require(fixture.good[algorithm]), keys)

        #expect(claims.text(at: "sub") == "ann")
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"])
    func `a token of a configured key is accepted, that of another is not`(
        algorithm: String
    ) throws {
        let fixture = try Self.fixture()
        let pem = try #require(fixture.pem[algorithm])
        let keys = JWTKeySet([JWTKey(try #require(PublicKey(pem: Array(pem.utf8))))])

        for (name, token) in fixture.good {
            if name == algorithm {
                #expect(try Self.claims(token, keys).text(at: "sub") == "ann")
            } else {
                #expect(throws: JWTRefusal.algorithm) { try Self.claims(token, keys) }
            }
        }
    }

    @Test func `a shared secret verifies HS256 alone`() throws {
        let fixture = try Self.fixture()
        let keys = JWTKeySet([try #require(JWTKey(secret: Array(fixture.secret.utf8)))])
        let other = JWTKeySet([
            try #require(JWTKey(secret: Array(String(fixture.secret.reversed()).utf8)))
        ])

        #expect(try Self.claims(fixture.HS256, keys).text(at: "sub") == "ann")
        #expect(throws: JWTRefusal.signature) { try Self.claims(fixture.HS256, other) }
        #expect(JWTKey(secret: [UInt8](repeating: 1, count: 31)) == nil)
        for token in fixture.good.values {
            #expect(throws: JWTRefusal.algorithm) { try Self.claims(token, keys) }
        }
    }

    @Test func `each attack is refused with its reason`() throws {
        let fixture = try Self.fixture()
        let keys = try #require(JWTKeySet(document: fixture.keySet))

        #expect(fixture.attacks.count >= 30)
        for (name, attack) in fixture.attacks {
            let error = #expect(throws: JWTRefusal.self, "\(name)") {
                try Self.claims(attack[0], keys)
            }
            #expect(error.map { "\($0)" } == attack[1], "\(name)")
        }
    }

    @Test func `every changed character of a token makes it invalid`() throws {
        let fixture = try Self.fixture()
        let keys = try #require(JWTKeySet(document: fixture.keySet))
        let token = Array(try #require(fixture.good["ES256"]).utf8)

        for index in token.indices {
            var changed = token
            changed[index] =
                token[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: JWTRefusal.self) {
                try Self.claims(String(decoding: changed, as: UTF8.self), keys)
            }
        }
    }

    @Test func `weak keys and other curves are not read`() throws {
        for (name, pem) in try Self.fixture().refusedPEM {
            #expect(PublicKey(pem: Array(pem.utf8)) == nil, "\(name)")
        }
    }

    @Test func `times are compared with the leeway`() throws {
        let fields: [String: JSONValue] = [
            "exp": 1_000, "nbf": 500, "iat": 500.5, "iss": "https://issuer.example", "aud": "spool",
        ]
        func check(_ seconds: Int) -> JWTRefusal? {
            do throws(JWTRefusal) {
                try Self.rules.check(JWTClaims(fields: fields), now: UnixTime(seconds: seconds))
                return nil
            } catch { return error }
        }
        #expect(check(439) == .notYetValid)
        #expect(check(441) == nil)
        #expect(check(1_059) == nil)
        #expect(check(1_060) == .expired)
    }

    @Test func `a claim inside of another names the owner`() {
        let claims = JWTClaims(fields: [
            "user": ["team": "blue", "id": 17], "https://a.example/team": "red",
        ])

        #expect(claims.text(at: "user/team") == "blue")
        #expect(claims.text(at: "user/id") == "17")
        #expect(claims.text(at: "https://a.example/team") == "red")
        #expect(claims.text(at: "user") == nil)
    }

    @Test(arguments: [
        ("ann", "ann"), ("a-b_9", "a-b_9"), ("", nil),
        ("ws-1", "sub-\(sha256Hex("ws-1").prefix(32))"),
        ("auth0|5F", "sub-\(sha256Hex("auth0|5F").prefix(32))"),
        ("sub-1", "sub-\(sha256Hex("sub-1").prefix(32))"),
    ])
    func `a subject becomes an owner that no other subject has`(subject: String, owner: String?) {
        #expect(OwnerName.text(ofSubject: subject) == owner)
    }
}

/// When the key set of an issuer is fetched.
@Suite struct KeySetRefreshTests {
    private static let start = UnixTime(seconds: 1_000_000)

    private static func after(_ seconds: Int) -> UnixTime { start + .seconds(seconds) }

    private static func fetched(_ cacheControl: String? = nil) -> KeySetRefresh {
        var refresh = KeySetRefresh()
        refresh.begin(now: start)
        refresh.succeed(now: start, cacheControl: cacheControl)
        return refresh
    }

    @Test func `the first token fetches, a failure pauses`() {
        var refresh = KeySetRefresh()
        #expect(refresh.step(now: Self.start, knowsKey: false) == .fetch(canUseOld: false))
        refresh.begin(now: Self.start)
        #expect(refresh.step(now: Self.after(29), knowsKey: false) == .unavailable)
        #expect(refresh.step(now: Self.after(30), knowsKey: false) == .fetch(canUseOld: false))
        // A clock that was set back.
        #expect(refresh.step(now: Self.after(-9), knowsKey: false) == .fetch(canUseOld: false))
    }

    @Test func `an unknown key fetches once a minute`() {
        let refresh = Self.fetched()
        #expect(refresh.step(now: Self.after(59), knowsKey: true) == .use)
        #expect(refresh.step(now: Self.after(59), knowsKey: false) == .use)
        #expect(refresh.step(now: Self.after(60), knowsKey: false) == .fetch(canUseOld: true))
        #expect(refresh.step(now: Self.after(60), knowsKey: true) == .use)
    }

    @Test func `an old set is fetched again and used for one more hour`() {
        var refresh = Self.fetched()
        #expect(refresh.step(now: Self.after(599), knowsKey: true) == .use)
        #expect(refresh.step(now: Self.after(600), knowsKey: true) == .fetch(canUseOld: true))
        refresh.begin(now: Self.after(4_190))
        #expect(refresh.step(now: Self.after(4_199), knowsKey: true) == .use)
        #expect(refresh.step(now: Self.after(4_200), knowsKey: true) == .unavailable)
    }

    @Test(arguments: [
        ("max-age=300", 300), ("public, max-age = 120", 120), ("max-age=1", 60),
        ("max-age=99999999999", 3_600), ("no-store", 600), ("max-age=x", 600), (nil, 600),
    ])
    func `the lifetime is that of the response within bounds`(header: String?, seconds: Int) {
        #expect(Self.fetched(header).lifetime == .seconds(seconds))
    }
}
