import Foundation
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport
import WallClock

@testable import Functions

/// Sessions by the deployment's password.
@Suite struct AuthTests {
    private let harness = FunctionHarness(password: "a shared password")

    private func signIn(
        _ password: String, at harness: FunctionHarness? = nil
    ) async throws -> (status: Int, json: [String: JSONValue]) {
        let harness = harness ?? self.harness
        var services = harness.services(harness.allowed(.auth, nil))
        services.sleep = { _ in }
        let response = await Auth.handle(
            FunctionURLRequest(
                method: "POST", rawPath: "/api/auth",
                bodyBytes: Array(#"{"password":"\#(password)"}"#.utf8)),
            FunctionHarness.context, Auth.Dependencies(services))
        guard
            case .object(let json) = try JSONValue(parsing: Array((response.body ?? "").utf8))
        else { throw HarnessError(text: "\(response)") }
        return (response.statusCode, json)
    }

    private func token(at harness: FunctionHarness? = nil) async throws -> String {
        guard
            case .string(let token)? = try await signIn("a shared password", at: harness)
                .json["token"]
        else { throw HarnessError(text: "no token") }
        return token
    }

    private func error(_ token: String?, at harness: FunctionHarness? = nil) async throws
        -> JSONValue?
    {
        let (status, json) = try await (harness ?? self.harness).call(
            .readJobs, "GET", "/api/jobs", token: token)
        #expect(status == (json["error"] == nil ? 200 : 401))
        return json["error"]
    }

    @Test func `a token is base64 of its time and a signature, and valid for a day`() async throws {
        let token = try await token()
        let text = try #require(
            Data(base64Encoded: token).flatMap { String(data: $0, encoding: .utf8) })

        #expect(text.hasPrefix("1700000000000:"))
        #expect(text.count == "1700000000000:".count + 64)
        #expect(try await error(token) == nil)
        harness.clock.advance(by: .seconds(86_399))
        #expect(try await error(token) == nil)
        harness.clock.advance(by: .seconds(1))
        #expect(try await error(token) == "Invalid or expired token")
    }

    @Test func `a missing, foreign or changed token is 401`() async throws {
        #expect(try await error(nil) == "Authorization required")
        #expect(try await error("x") == "Invalid or expired token")
        let token = try await token()
        let late =
            Data("1700000000001:".utf8)
            + (Data(base64Encoded: token)?.dropFirst("1700000000000:".count) ?? Data())
        #expect(try await error(late.base64EncodedString()) == "Invalid or expired token")
    }

    @Test func `a wrong password is named`() async throws {
        let (status, json) = try await signIn("a guess")
        #expect(status == 401)
        #expect(json["error"] == "Invalid password")
        #expect(json["errors"] == [["pointer": "/password", "detail": "is wrong"]])

        let missing = try await harness.call(.auth, "POST", "/api/auth", "{}")
        #expect(missing.status == 400)
    }

    @Test func `a changed password ends sessions, another instance's do not`() async throws {
        let token = try await token()
        let same = FunctionHarness(memory: harness.memory, password: "a shared password")
        #expect(try await error(token, at: same) == nil)

        let changed = FunctionHarness(memory: harness.memory, password: "another password")
        #expect(try await error(token, at: changed) == "Invalid or expired token")
    }

    @Test func `a changed secret ends sessions`() async throws {
        let token = try await token()
        try await harness.memory.deleteObject(SessionKeys.secret(of: .local))
        _ = try await self.token()

        #expect(try await error(token) == "Invalid or expired token")
    }

    @Test func `without a password there is nothing to sign in to`() async throws {
        let open = FunctionHarness()

        #expect(try await signIn("x", at: open).status == 404)
        #expect(try await error(nil, at: open) == nil)
    }

    @Test func `every function with a route may check a session`() async throws {
        let token = try await token()
        let streaming: Set<String> = ["download-all"]
        for function in Registry.functions
        where function.url != nil && !streaming.contains(function.name.rawValue) {
            for method in ["GET", "POST", "DELETE"] {
                let answer = try await harness.call(function.name, method, "/", token: token)
                #expect(answer.status != 401 && answer.status < 500, "\(function.name) \(answer)")
            }
        }
    }

    @Test func `health needs no token`() async throws {
        let (status, json) = try await harness.call(.health, "GET", "/api/health")

        #expect(status == 200)
        #expect(json["status"] == "ok")
    }
}
