import FoundationEssentials
import JSONLog

/// The diagnostic function, `_HANDLER=echo`: answers an event with its bytes.
///
/// An event may ask for more, to see how a platform deals with it:
/// `{"throw":"text"}` fails with that text, `{"getenv":"NAME"}` answers
/// `{"value":…}` (null where unset), `{"sleep_ms":N}` answers after N
/// milliseconds, `{"respond_bytes":N}` answers a JSON string of N characters.
/// With `FAIL_INIT=1` in the environment it does not start.
package enum EchoHandler {
    /// Handlers' name for it.
    package static let name = "echo"

    /// Directives are looked for in events up to this size only: the echo of a
    /// large event should cost what an echo costs.
    private static let directiveEventBytesMax = 64 << 10
    /// Above Lambda's 6 MiB, to see a response being refused.
    private static let responseBytesMax = 16 << 20

    /// - Parameter variable: Looks up a variable as it is at that moment; nil
    ///   for the environment at the start and the invocation's trace ID.
    package static func factory(
        variable: (@Sendable (String) -> String?)? = nil
    ) -> HandlerFactory {
        { environment, _ in
            guard environment.variables["FAIL_INIT"] != "1" else {
                throw HandlerError(
                    type: "Function.InitFailed", message: "FAIL_INIT=1 asked for this.")
            }
            return { event, context in
                guard let directive = Directive(event) else { return event }
                return try await answer(directive, event) { name in
                    if let variable { return variable(name) }
                    if name == "_X_AMZN_TRACE_ID" { return context.traceID }
                    return environment.variables[name]
                }
            }
        }
    }

    private static func answer(
        _ directive: Directive, _ event: [UInt8], _ variable: @Sendable (String) -> String?
    ) async throws -> [UInt8] {
        if let message = directive.throw {
            throw HandlerError(type: "Function.EchoError", message: message)
        }
        if let name = directive.getenv {
            let value = variable(name).map(JSONText.string) ?? Array("null".utf8)
            return Array("{\"value\":".utf8) + value + Array("}".utf8)
        }
        if let milliseconds = directive.sleep_ms {
            try await Task.sleep(for: .milliseconds(max(0, milliseconds)))
        }
        if let count = directive.respond_bytes {
            let count = min(max(0, count), responseBytesMax)
            let quote = UInt8(ascii: "\"")
            return [quote] + Array(repeating: UInt8(ascii: "x"), count: count) + [quote]
        }
        return event
    }

    private struct Directive: Decodable {
        var `throw`: String?
        var getenv: String?
        var sleep_ms: Int?
        var respond_bytes: Int?

        /// - Returns: nil for an event that asks for nothing.
        init?(_ event: [UInt8]) {
            guard event.first == UInt8(ascii: "{"), event.count <= directiveEventBytesMax,
                Directive.mayBe(in: event),
                let found = try? JSONDecoder().decode(Directive.self, from: Data(event))
            else { return nil }
            self = found
        }

        private static let names = ["throw\"", "getenv\"", "sleep_ms\"", "respond_bytes\""]
            .map { Array($0.utf8) }

        /// One pass over the bytes, far cheaper than decoding each event.
        private static func mayBe(in event: [UInt8]) -> Bool {
            event.indices.contains { index in
                event[index] == UInt8(ascii: "\"")
                    && names.contains { event[(index + 1)...].starts(with: $0) }
            }
        }
    }
}
