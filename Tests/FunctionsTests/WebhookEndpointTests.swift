import Functions
import Jobs
import JSON
import Testing
import TestSupport

/// The API of endpoints.
@Suite struct WebhookEndpointTests {
    private static let path = "/api/webhooks/endpoints"

    @Test func `a secret is shown when it is made and not later`() async throws {
        let harness = FunctionHarness()
        let (status, made) = try await harness.call(
            .webhooks, "POST", Self.path,
            #"{"url":"https://a.example/","events":["export.completed"],"name":"one"}"#)
        #expect(status == 201)
        let id = try #require(made["id"]?.text)
        let secret = try #require(made["secret"]?.text)
        let (_, shown) = try await harness.call(.webhooks, "GET", "\(Self.path)/\(id)")
        #expect(shown["secret"] == nil)
        #expect(shown["name"] == "one")
        let (rotated, other) = try await harness.call(
            .webhooks, "POST", "\(Self.path)/\(id)/rotate")
        #expect(rotated == 200)
        #expect(other["secret"] != nil && other["secret"]?.text != secret)
        #expect(other["secretCount"] == 2)
        let (_, ended) = try await harness.call(
            .webhooks, "POST", "\(Self.path)/\(id)/rotate", #"{"overlapSeconds":0}"#)
        #expect(ended["secretCount"] == 1)
    }

    @Test(arguments: [
        (#"{"events":["export.completed"]}"#, "/url"),
        (#"{"url":"https://a.example/"}"#, "/events"),
        (#"{"url":"ftp://a.example/","events":["export.completed"]}"#, "/url"),
        (#"{"url":"http://127.0.0.1:8000/","events":["export.completed"]}"#, "/url"),
        (#"{"url":"http://[::ffff:10.0.0.1]/","events":["export.completed"]}"#, "/url"),
        (#"{"url":"http://169.254.169.254/latest","events":["export.completed"]}"#, "/url"),
        (#"{"url":"https://a.example/","events":["endpoint.test"]}"#, "/events/0"),
        (#"{"url":"https://a.example/","events":"export.completed"}"#, "/events"),
        (#"{"type":"email","email":"a","events":["export.completed"]}"#, "/email"),
        (#"{"type":"secret"}"#, "/name"),
        (#"{"type":"pigeon"}"#, "/type"),
        (#"{"url":"https://a.example/","events":[],"enabled":1}"#, "/enabled"),
        (#"{"url":"https://a.example/","events":[],"language":"../x"}"#, "/language"),
    ])
    func `a registration that breaks a rule names the field`(
        body: String, pointer: String
    ) async throws {
        let (status, answer) = try await FunctionHarness().call(
            .webhooks, "POST", Self.path, body)

        #expect(status == 400)
        guard case .array(let errors)? = answer["errors"] else { return }
        #expect(errors.first?["pointer"]?.text == pointer)
    }

    @Test func `an endpoint belongs to its owner`() async throws {
        let owners = try ["a": "one", "b": "two"].mapValues { try #require(OwnerID($0)) }
        let harness = FunctionHarness(tokens: owners)
        let (_, made) = try await harness.call(
            .webhooks, "POST", Self.path, #"{"url":"https://a.example/","events":[]}"#, token: "a")
        let id = try #require(made["id"]?.text)

        for method in ["GET", "PATCH", "DELETE"] {
            let (status, _) = try await harness.call(
                .webhooks, method, "\(Self.path)/\(id)", "{}", token: "b")
            #expect(status == 404)
        }
        let (_, listed) = try await harness.call(.webhooks, "GET", Self.path, token: "b")
        #expect(listed["endpoints"] == [])
    }

    @Test func `a test event is sent at once and answers its attempt`() async throws {
        let harness = FunctionHarness()
        let (_, made) = try await harness.call(
            .webhooks, "POST", Self.path, #"{"url":"https://a.example/","events":[]}"#)
        let id = try #require(made["id"]?.text)
        let (status, answer) = try await harness.call(
            .webhooks, "POST", "\(Self.path)/\(id)/test")

        #expect(status == 200)
        #expect(answer["state"] == "delivered")
        #expect(answer["payload"]?["type"] == "endpoint.test")
        #expect(harness.receiver.calls.count == 1)
    }

    @Test func `a name is used once`() async throws {
        let harness = FunctionHarness()
        let body = #"{"type":"secret","name":"hook1"}"#
        _ = try await harness.call(.webhooks, "POST", Self.path, body)
        let (status, _) = try await harness.call(.webhooks, "POST", Self.path, body)

        #expect(status == 409)
    }

    @Test(arguments: ["state", "event", "limit", "cursor"])
    func `a wrong filter of deliveries is refused`(name: String) async throws {
        let (status, answer) = try await FunctionHarness().call(
            .webhooks, "GET", "/api/webhooks/deliveries", query: [name: "x y"])

        #expect(status == 400)
        guard case .array(let errors)? = answer["errors"] else { return }
        #expect(errors.first?["pointer"]?.text == "/\(name)")
    }

    @Test func `pages of deliveries follow each other, newest first`() async throws {
        let harness = FunctionHarness()
        let (_, made) = try await harness.call(
            .webhooks, "POST", Self.path, #"{"url":"https://a.example/","events":[]}"#)
        let id = try #require(made["id"]?.text)
        for _ in 0..<5 {
            _ = try await harness.call(.webhooks, "POST", "\(Self.path)/\(id)/test")
            harness.clock.advance(by: .milliseconds(1))
        }
        var (times, cursor): ([String], String?) = ([], nil)
        repeat {
            var query = ["limit": "2"]
            query["cursor"] = cursor
            let (_, page) = try await harness.call(
                .webhooks, "GET", "/api/webhooks/deliveries", query: query)
            guard case .array(let found)? = page["deliveries"] else { return }
            times += found.compactMap { $0["createdAt"]?.text }
            cursor = page["next"]?.text
        } while cursor != nil
        #expect(times.count == 5)
        #expect(times == times.sorted(by: >))
    }
}
