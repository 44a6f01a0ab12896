import Accounts
import Crypto
import Foundation
import Jobs
import JSON
import LambdaRuntime
import Notify
import Synchronization
import Testing
import WallClock

@testable import Functions

/// The issuer of the tests: answers with a key set, or not at all.
final class FakeIssuer: IdentityClient {
    private let state = Mutex(State())

    private struct State {
        var body: [UInt8]?
        var cacheControl: String?
        var fetchCount = 0
    }

    var fetchCount: Int { state.withLock { $0.fetchCount } }

    func publish(_ document: JSONValue?, cacheControl: String? = nil) {
        state.withLock {
            $0.body = document?.bytes
            $0.cacheControl = cacheControl
        }
    }

    func document(at url: WebhookURL) async -> IdentityReply? {
        state.withLock { state in
            state.fetchCount += 1
            return state.body.map {
                IdentityReply(status: 200, body: $0, cacheControl: state.cacheControl)
            }
        }
    }

    func post(
        form: [(name: String, value: String)], to url: WebhookURL
    ) async -> IdentityReply? { nil }
}

/// Ways to sign in, alone and together.
@Suite struct AuthorizerTests {
    private struct Fixture: Decodable {
        var keySet: JSONValue
        var good: [String: String]
        var attacks: [String: [String]]
    }

    private let issuer = FakeIssuer()
    private let clock = FunctionHarness.Clock()
    private let fixture: Fixture

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/jwt/tokens.json")
        fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
        issuer.publish(fixture.keySet)
    }

    private func verifier(scopeClaim: String? = nil) throws -> JWTVerifier {
        JWTVerifier(
            JWTSettings(
                rules: JWTRules(issuer: "https://issuer.example", audiences: ["spool"]),
                keySetURL: try WebhookURL("https://issuer.example/keys"), scopeClaim: scopeClaim),
            client: issuer, now: { [clock] in clock.now })
    }

    private func outcome(
        _ authorizer: Authorizer, _ token: String?, method: String = "GET",
        headers: [String: String] = [:], address: String = "127.0.0.1", cookies: [String] = []
    ) async -> String {
        let authorization = token.map { ["authorization": "Bearer \($0)"] } ?? [:]
        let request = FunctionURLRequest(
            method: method, rawPath: "/", headers: authorization.merging(headers) { $1 },
            cookies: cookies, sourceIP: address)
        do {
            let caller = try await authorizer.caller(of: request)
            return "\(caller.method.rawValue) \(caller.owner)"
        } catch let problem as Problem {
            return "\(problem.status) \(problem.error)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `several modes accept each its tokens`() async throws {
        let ann = try #require(OwnerID("ann-static"))
        let authorizer = Authorizer(verifiers: [StaticTokens(["secret": ann]), try verifier()])

        #expect(await outcome(authorizer, "secret") == "token ann-static")
        #expect(await outcome(authorizer, fixture.good["ES256"]) == "jwt ann")
        #expect(await outcome(authorizer, "other") == "401 Invalid or expired token")
        #expect(await outcome(authorizer, nil) == "401 Authorization required")
        #expect(
            await outcome(authorizer, nil, headers: ["authorization": "Basic c2VjcmV0"])
                == "401 Authorization required")
    }

    @Test func `no attack is a caller`() async throws {
        let authorizer = Authorizer(verifiers: [try verifier()])

        for (name, attack) in fixture.attacks {
            let outcome = await outcome(authorizer, attack[0])
            #expect(outcome == "401 Invalid or expired token", "\(name)")
        }
        #expect(issuer.fetchCount == 1)
    }

    @Test func `without authorization only this machine may call`() async {
        let open = Authorizer(verifiers: [], isLoopbackOnly: true)

        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            #expect(await outcome(open, nil, address: address) == "open local")
        }
        for address in ["10.0.0.1", "203.0.113.9", "::ffff:10.0.0.1", "2001:db8::1", "1127.0.0.1"] {
            #expect(
                await outcome(open, nil, address: address) == "403 Authorization is off")
        }
    }

    @Test func `scopes of a token limit the methods`() async throws {
        // The fixture's tokens have no scopes at all.
        let authorizer = Authorizer(verifiers: [try verifier(scopeClaim: "scope")])

        #expect(await outcome(authorizer, fixture.good["RS256"]) == "403 Insufficient scope")
        var reader = Caller(.local, by: .jwt)
        reader.mayWrite = false
        #expect(reader.permits(method: "HEAD") && !reader.permits(method: "DELETE"))
    }

    @Test func `invented key IDs fetch the key set once a minute`() async throws {
        let authorizer = Authorizer(verifiers: [try verifier()])
        let unknown = try #require(fixture.attacks["unknown key ID"])[0]

        for _ in 0..<50 { _ = await outcome(authorizer, unknown) }
        #expect(issuer.fetchCount == 1)
        clock.advance(by: .seconds(61))
        for _ in 0..<50 { _ = await outcome(authorizer, unknown) }
        #expect(issuer.fetchCount == 2)
    }

    @Test func `a rotated key is found, the old one ends with it`() async throws {
        guard case .array(let keys)? = fixture.keySet["keys"] else { return }
        issuer.publish(["keys": .array([keys[0]])])
        let authorizer = Authorizer(verifiers: [try verifier()])
        #expect(await outcome(authorizer, fixture.good["RS256"]) == "jwt ann")
        #expect(await outcome(authorizer, fixture.good["ES256"]) == "401 Invalid or expired token")

        issuer.publish(["keys": .array([keys[1]])])
        clock.advance(by: .seconds(60))

        #expect(await outcome(authorizer, fixture.good["ES256"]) == "jwt ann")
        #expect(await outcome(authorizer, fixture.good["RS256"]) == "401 Invalid or expired token")
    }

    @Test func `an issuer that fails is asked again after a pause`() async throws {
        issuer.publish(nil)
        let authorizer = Authorizer(verifiers: [try verifier()])
        for _ in 0..<9 {
            #expect(await outcome(authorizer, fixture.good["RS256"]).hasPrefix("503"))
        }
        #expect(issuer.fetchCount == 1)

        issuer.publish(fixture.keySet)
        clock.advance(by: .seconds(30))
        #expect(await outcome(authorizer, fixture.good["RS256"]) == "jwt ann")

        issuer.publish(nil)
        clock.advance(by: .seconds(3_000))
        #expect(await outcome(authorizer, fixture.good["RS256"]) == "jwt ann")
        clock.advance(by: .seconds(3_000))
        #expect(await outcome(authorizer, fixture.good["RS256"]).hasPrefix("503"))
    }

    @Test func `a cookie signs in its own site alone`() async throws {
        let ann = try #require(OwnerID("ann"))
        let cookie = SessionCookie(origin: "https://app.example")
        let authorizer = Authorizer(verifiers: [StaticTokens(["secret": ann])], cookie: cookie)
        let sent = ["__Host-spool-session=secret"]
        func post(_ headers: [String: String]) async -> String {
            await outcome(authorizer, nil, method: "POST", headers: headers, cookies: sent)
        }

        #expect(await outcome(authorizer, nil, cookies: sent) == "token ann")
        #expect(
            await outcome(authorizer, nil, headers: ["cookie": "a=b; \(sent[0])"]) == "token ann")
        #expect(await post(["origin": "https://app.example"]) == "token ann")
        #expect(
            await post(["origin": "https://api.example", "host": "api.example"]) == "token ann")
        #expect(await post(["origin": "https://evil.example"]) == "403 Foreign origin")
        #expect(await post(["origin": "null"]) == "403 Foreign origin")
        #expect(await post(["sec-fetch-site": "cross-site"]) == "403 Foreign origin")
        #expect(await post(["sec-fetch-site": "same-site"]) == "403 Foreign origin")
        #expect(await post(["authorization": "Bearer secret", "origin": "null"]) == "token ann")
    }
}
