import FoundationEssentials
import Glibc
import JSON
import LambdaRuntime
import WallClock

/// A function for tests of the runtime and of platforms: answers an event with its bytes.
///
/// An event may request other behaviour:
/// `{"throw":"text"}` fails with that text, `{"trap":"text"}` ends the process
/// with it, `{"context":true}` answers the context of the invocation,
/// `{"getenv":"NAME"}` answers `{"value":…}` (null if unset),
/// `{"sleep_ms":N}` answers after N milliseconds, `{"respond_bytes":N}` answers
/// a JSON string of N characters, `{"stream":N,"delay_ms":D}` streams N chunks
/// with D milliseconds between them, `{"stream_fail":N}` streams N and fails.
/// With `FAIL_INIT=1` in the environment it does not start.
enum EchoFunction {
    /// Directives are searched in events up to this size only, so that the echo of
    /// a large event measures an echo.
    private static let directiveEventBytesMax = 64 << 10
    /// Above Lambda's 6 MiB, so that a response can be refused.
    private static let responseBytesMax = 16 << 20

    /// Creates the function, unless the environment has `FAIL_INIT=1`.
    static func factory() -> FunctionFactory {
        { environment, _ in
            guard environment.variables["FAIL_INIT"] != "1" else {
                throw HandlerError(
                    type: "Function.InitFailed", message: "FAIL_INIT=1 asked for this.")
            }
            return LoadedFunction { event, context in
                guard let directive = Directive(event) else { return .whole(event) }
                if directive.context == true { return .whole(description(of: context)) }
                return try await answer(directive, event)
            }
        }
    }

    private static func answer(
        _ directive: Directive, _ event: [UInt8]
    ) async throws -> FunctionResponse {
        if let message = directive.throw {
            throw HandlerError(type: "Function.EchoError", message: message)
        }
        if let message = directive.trap { fatalError(message) }
        if let name = directive.getenv {
            // As it is now: the loop sets the trace ID for each invocation.
            let value =
                getenv(name).map { JSONText.string(String(cString: $0)) } ?? Array("null".utf8)
            return .whole(Array("{\"value\":".utf8) + value + Array("}".utf8))
        }
        if let count = directive.stream ?? directive.stream_fail {
            return .streamed(stream(count, directive))
        }
        try await sleep(directive.sleep_ms)
        if let count = directive.respond_bytes {
            let count = min(max(0, count), responseBytesMax)
            let quote = UInt8(ascii: "\"")
            return .whole([quote] + Array(repeating: UInt8(ascii: "x"), count: count) + [quote])
        }
        return .whole(event)
    }

    private static func description(of context: InvocationContext) -> [UInt8] {
        var bytes = Array("{\"requestId\":".utf8) + JSONText.string(context.requestID)
        func add(_ name: String, _ value: [UInt8]) {
            bytes += Array(",\"\(name)\":".utf8) + value
        }
        func text(_ value: String?) -> [UInt8] {
            value.map(JSONText.string) ?? Array("null".utf8)
        }
        add("functionName", text(context.functionName))
        add("invokedFunctionArn", text(context.invokedFunctionARN))
        add("traceId", text(context.traceID))
        add("tenantId", text(context.tenantID))
        // JSON, passed on unchanged.
        add("clientContext", Array((context.clientContext ?? "null").utf8))
        add("cognitoIdentity", Array((context.cognitoIdentity ?? "null").utf8))
        add("deadlineMs", Array(String(context.deadline.milliseconds).utf8))
        let remaining = context.remaining().wholeMilliseconds
        add("remainingMs", Array(String(remaining).utf8))
        return bytes + Array("}".utf8)
    }

    private static func stream(_ count: Int, _ directive: Directive) -> StreamedResponse {
        StreamedResponse(contentType: "text/plain") { writer in
            for index in 0..<max(0, count) {
                if index > 0 { try await sleep(directive.delay_ms) }
                try await writer.write(Array("chunk \(index)\n".utf8))
            }
            if directive.stream_fail != nil {
                throw HandlerError(
                    type: "Function.EchoError", message: "The stream failed after \(count).")
            }
        }
    }

    private static func sleep(_ milliseconds: Int?) async throws {
        guard let milliseconds, milliseconds > 0 else { return }
        try await Task.sleep(for: .milliseconds(milliseconds))
    }

    private struct Directive: Decodable {
        var `throw`: String?
        var trap: String?
        var context: Bool?
        var getenv: String?
        var sleep_ms: Int?
        var respond_bytes: Int?
        var stream: Int?
        var stream_fail: Int?
        var delay_ms: Int?

        /// - Returns: nil for an event without a directive.
        init?(_ event: [UInt8]) {
            guard event.first == UInt8(ascii: "{"), event.count <= directiveEventBytesMax,
                Directive.mayBe(in: event),
                let found = try? JSONDecoder().decode(Directive.self, from: Data(event))
            else { return nil }
            self = found
        }

        private static let names = [
            "throw\"", "trap\"", "context\"", "getenv\"", "sleep_ms\"", "respond_bytes\"",
            "stream\"",
            "stream_fail\"",
        ].map { Array($0.utf8) }

        /// One pass over the bytes, far cheaper than decoding each event.
        private static func mayBe(in event: [UInt8]) -> Bool {
            event.withUnsafeBytes { bytes in
                var start = 0
                while let quote = memchr(
                    bytes.baseAddress! + start, Int32(UInt8(ascii: "\"")), bytes.count - start)
                {
                    start = UnsafeRawPointer(quote) - bytes.baseAddress! + 1
                    if start == bytes.count { return false }
                    if names.contains(where: { bytes[start...].starts(with: $0) }) { return true }
                }
                return false
            }
        }
    }
}
