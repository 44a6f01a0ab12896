package import Logging
import Synchronization
package import WallClock

/// A log line of a function or of the service about an invocation.
package struct FunctionLogLine: Sendable, Equatable {
    /// The line's number, increasing by one; a cursor for readers.
    package var sequence: Int
    /// Time of the line.
    package var time: UnixTime
    /// The function's name.
    package var function: String
    /// The request ID; empty during the start of an instance.
    package var requestID: String
    /// The line without its newline.
    package var text: String
}

/// The most recent lines of all functions, also forwarded to standard error.
package final class LogRing: Sendable {
    private struct State {
        var lines: [FunctionLogLine?]
        var next = 0
    }

    private let state: Mutex<State>
    private let logger: Logger

    /// - Parameter capacity: Maximum number of lines.
    package init(logger: Logger, capacity: Int = 5_000) {
        self.logger = logger
        state = Mutex(State(lines: Array(repeating: nil, count: capacity)))
    }

    /// Adds a line. Lines with `isOutput`, which the function printed, are also
    /// written to standard error.
    package func append(_ text: String, function: String, requestID: String, isOutput: Bool) {
        let now = UnixTime.now()
        state.withLock { state in
            let line = FunctionLogLine(
                sequence: state.next, time: now, function: function,
                requestID: requestID, text: text)
            state.lines[state.next % state.lines.count] = line
            state.next += 1
        }
        guard isOutput else { return }
        logger.info(
            "Function output",
            [
                "function": .string(function), "requestId": .string(requestID),
                "line": .string(text),
            ])
    }

    /// Returns the newest matching lines, oldest first.
    /// - Parameters:
    ///   - after: Only lines with a greater sequence.
    ///   - function: Only lines of that function.
    ///   - requestID: Only lines of that invocation.
    package func lines(
        after: Int = -1, function: String? = nil, requestID: String? = nil, limit: Int
    ) -> [FunctionLogLine] {
        state.withLock { state in
            var found: [FunctionLogLine] = []
            let oldest = max(after + 1, state.next - state.lines.count, 0)
            var sequence = state.next - 1
            while sequence >= oldest, found.count < limit {
                if let line = state.lines[sequence % state.lines.count],
                    function == nil || line.function == function,
                    requestID == nil || line.requestID == requestID
                {
                    found.append(line)
                }
                sequence -= 1
            }
            return found.reversed()
        }
    }

    /// Returns the last 4 KB of an invocation's log (`X-Amz-Log-Result` before base64).
    package func tail(requestID: String) -> [UInt8] {
        let text = lines(requestID: requestID, limit: 1_000).map { $0.text + "\n" }.joined()
        return Array(text.utf8.suffix(4_096))
    }
}

/// Splits a stream of output into lines.
final class LineSplitter: Sendable {
    /// Maximum length of a line in bytes; a longer one is cut, as Lambda cuts at 256 KB.
    private static let lineBytesMax = 64 << 10

    private let rest = Mutex<[UInt8]>([])
    private let onLine: @Sendable (String) -> Void

    init(onLine: @escaping @Sendable (String) -> Void) {
        self.onLine = onLine
    }

    func append(_ bytes: [UInt8]) {
        let lines = rest.withLock { rest -> [String] in
            var lines: [String] = []
            for byte in bytes {
                if byte == UInt8(ascii: "\n") || rest.count >= Self.lineBytesMax {
                    lines.append(String(decoding: rest, as: UTF8.self))
                    rest.removeAll(keepingCapacity: true)
                }
                if byte != UInt8(ascii: "\n") { rest.append(byte) }
            }
            return lines
        }
        for line in lines where !line.isEmpty { onLine(line) }
    }

    /// Delivers a last line without a line feed.
    func finish() {
        let last = rest.withLock { rest in
            defer { rest = [] }
            return String(decoding: rest, as: UTF8.self)
        }
        if !last.isEmpty { onLine(last) }
    }
}
