@testable import LambdaRuntime
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1))) struct `Streamed response` {
    /// Collects the written bytes.
    actor Collector: ResponseWriter {
        private(set) var bytes: [UInt8] = []
        func write(_ bytes: [UInt8]) { self.bytes += bytes }
    }

    private func client(_ server: ScriptedServer) throws -> SocketRuntimeClient {
        let retries = RetryDelays(
            attemptCountMax: 2, first: .milliseconds(1), delayMax: .milliseconds(1))
        return try SocketRuntimeClient(runtimeAPI: server.api, retries: retries)
    }

    private func response(
        _ pieces: [String], error: HandlerError? = nil
    ) -> StreamedResponse {
        StreamedResponse(contentType: "text/plain") { writer in
            for piece in pieces { try await writer.write(Array(piece.utf8)) }
            if let error { throw error }
        }
    }

    private func head(_ server: ScriptedServer, _ contentType: String = "text/plain") -> String {
        "POST /2018-06-01/runtime/invocation/r/response HTTP/1.1\r\nHost: \(server.api)\r\n"
            + "User-Agent: spool\r\nContent-Type: \(contentType)\r\n"
            + "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
            + "Trailer: Lambda-Runtime-Function-Error-Type, "
            + "Lambda-Runtime-Function-Error-Body\r\n\r\n"
    }

    @Test func `pieces become chunks and the connection is kept`() async throws {
        let server = ScriptedServer([
            [.chunkedRequest, .send(Answer.status(202)), .request, .send(Answer.event("r2"))]
        ])
        let client = try client(server)

        let outcome = try await client.respond(
            streaming: response(["one", "", "two two two two"]), requestID: "r")
        let next = try await client.next()

        #expect(outcome == StreamOutcome(.accepted, bytes: 18))
        #expect(
            server.requests[0] == head(server) + "3\r\none\r\nf\r\ntwo two two two\r\n0\r\n\r\n")
        #expect(next.requestID == "r2")
    }

    @Test func `an error after the first byte is in the trailers`() async throws {
        let server = ScriptedServer([[.chunkedRequest, .send(Answer.status(202))]])
        let error = HandlerError(type: "Function.Bad", message: "no \"more\"")

        let outcome = try await client(server).respond(
            streaming: response(["one"], error: error), requestID: "r")

        #expect(outcome == StreamOutcome(.accepted, failure: error, bytes: 3))
        #expect(
            server.requests == [
                head(server)
                    + "3\r\none\r\n0\r\nLambda-Runtime-Function-Error-Type: Function.Bad\r\n"
                    + "Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJubyBcIm1vcmVcIi"
                    + "IsImVycm9yVHlwZSI6IkZ1bmN0aW9uLkJhZCIsInN0YWNrVHJhY2UiOltdfQ==\r\n\r\n"
            ])
    }

    @Test func `an error before the first byte is an ordinary error report`() async throws {
        let server = ScriptedServer([[.request, .send(Answer.status(202))]])
        let error = HandlerError(type: "Function.Bad", message: "x")

        let outcome = try await client(server).respond(
            streaming: response([], error: error), requestID: "r")

        #expect(outcome == StreamOutcome(.accepted, failure: error, bytes: 0))
        #expect(server.requests[0].hasPrefix("POST /2018-06-01/runtime/invocation/r/error "))
    }

    @Test func `an empty stream has a head and an end`() async throws {
        let server = ScriptedServer([[.chunkedRequest, .send(Answer.status(202))]])

        let outcome = try await client(server).respond(streaming: response([]), requestID: "r")

        #expect(outcome == StreamOutcome(.accepted, bytes: 0))
        #expect(server.requests == [head(server) + "0\r\n\r\n"])
    }

    @Test func `an HTTP response begins with its prelude and eight NUL bytes`() async throws {
        let server = ScriptedServer([[.chunkedRequest, .send(Answer.status(202))]])
        let answer = StreamedResponse(
            http: FunctionURLResponse(
                statusCode: 201, headers: ["b": "2", "a": "\"1\""], cookies: ["c=3"])
        ) { try await $0.write(Array("body".utf8)) }

        _ = try await client(server).respond(streaming: answer, requestID: "r")

        let prelude = #"{"statusCode":201,"headers":{"a":"\"1\"","b":"2"},"cookies":["c=3"]}"#
        let first = prelude + String(repeating: "\0", count: 8) + "body"
        #expect(
            server.requests == [
                head(server, "application/vnd.awslambda.http-integration-response")
                    + "\(String(first.utf8.count, radix: 16))\r\n\(first)\r\n0\r\n\r\n"
            ])
    }

    @Test func `a stream that is refused early stops its writer`() async throws {
        let server = ScriptedServer([[.bytes(10), .send(Answer.status(413))]])
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        let endless = StreamedResponse { writer in
            while true { try await writer.write(piece) }
        }

        let outcome = try await client(server).respond(streaming: endless, requestID: "r")

        #expect(outcome.failure?.type == "Function.ResponseStreamError")
        // The response is seen, or lost to the reset that follows it.
        #expect(outcome.report != .accepted)
    }

    @Test func `a connection closed while idle is replaced before a stream`() async throws {
        let server = ScriptedServer([
            [.request, .send(Answer.event("r"))],
            [.chunkedRequest, .send(Answer.status(202))],
        ])
        let client = try client(server)

        _ = try await client.next()
        // The server closes after its last step.
        try await eventually("the end of the connection") { await client.isConnectionClosed }
        let outcome = try await client.respond(streaming: response(["x"]), requestID: "r")

        #expect(outcome.report == .accepted)
    }
}
