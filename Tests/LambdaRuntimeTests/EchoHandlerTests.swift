import LambdaRuntime
import Logging
import Testing

@Suite struct `Echo` {
    private func answer(_ event: String) async throws -> String {
        let environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "NAME": "a \"b\"",
        ])
        let function = try await EchoHandler.factory()(environment, Logger(level: .error))
        let context = InvocationContext(
            requestID: "r", functionName: "echo", traceID: "Root=1", deadlineMilliseconds: 0,
            logger: Logger(level: .error))
        guard case .whole(let bytes) = try await function.handle(Array(event.utf8), context)
        else { return "a stream" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("", ""), ("[1, 2]", "[1, 2]"), ("{\"a\" : 1}", "{\"a\" : 1}"),
        ("{\"throw\":1}", "{\"throw\":1}"),
        ("{\"getenv\":\"NAME\"}", #"{"value":"a \"b\""}"#),
        ("{\"getenv\":\"OTHER\"}", #"{"value":null}"#),
        ("{\"getenv\":\"_X_AMZN_TRACE_ID\"}", #"{"value":"Root=1"}"#),
        ("{\"id\":1, \"sleep_ms\":1}", "{\"id\":1, \"sleep_ms\":1}"),
        ("{\"respond_bytes\":3}", "\"xxx\""), ("{\"stream\":2}", "a stream"),
    ])
    func `an event comes back, or what it asks for`(event: String, expected: String) async throws {
        #expect(try await answer(event) == expected)
    }

    @Test func `throw fails with its text`() async {
        let expected = HandlerError(type: "Function.EchoError", message: "x")

        await #expect(throws: expected) { try await answer("{\"throw\":\"x\"}") }
    }
}
