import Glibc

/// Writes JSON lines: `time`, `level`, `message`, then the fields by name.
///
/// A logger is a value; `with(_:)` binds fields (request ID, function, export)
/// to all lines that the copy writes. The message is a constant sentence;
/// what changes from line to line is a field.
package struct Logger: Sendable {
    private let level: LogLevel
    private let fields: [String: LogValue]
    private let clock: @Sendable () -> Int
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - level: Lines below it are dropped.
    ///   - fields: Bound to every line.
    ///   - sink: Gets each line whole, newline included, on the caller's thread.
    ///   - clock: Unix milliseconds, for the `time` field.
    package init(
        level: LogLevel = .info, fields: [String: LogValue] = [:],
        sink: @escaping @Sendable ([UInt8]) -> Void = Logger.standardError,
        clock: @escaping @Sendable () -> Int = Timestamp.now
    ) {
        self.level = level
        self.fields = fields
        self.clock = clock
        self.sink = sink
    }

    /// A logger that also writes these fields; they win over fields bound before.
    package func with(_ fields: [String: LogValue]) -> Logger {
        let all = self.fields.merging(fields) { _, new in new }
        return Logger(level: level, fields: all, sink: sink, clock: clock)
    }

    /// For whoever looks for a fault; off unless the level says so.
    package func debug(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.debug, message, fields)
    }

    /// What happened, as a matter of course.
    package func info(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.info, message, fields)
    }

    /// Something went wrong and was dealt with.
    package func warning(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.warning, message, fields)
    }

    /// A person must look.
    package func error(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.error, message, fields)
    }

    /// Writes a line to standard error. Standard output is block-buffered when
    /// it is a pipe, and a line lost in a buffer is lost when the process dies.
    package static let standardError: @Sendable ([UInt8]) -> Void = { line in
        line.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = Glibc.write(2, bytes.baseAddress! + offset, bytes.count - offset)
                if written > 0 {
                    offset += written
                } else if errno != EINTR {
                    return  // Nowhere left to say so.
                }
            }
        }
    }

    private func write(_ level: LogLevel, _ message: String, _ own: [String: LogValue]) {
        guard level >= self.level else { return }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(contentsOf: "{\"time\":\"".utf8)
        line.append(contentsOf: Timestamp.text(unixMilliseconds: clock()).utf8)
        line.append(contentsOf: "\",\"level\":\"".utf8)
        line.append(contentsOf: level.name.utf8)
        line.append(contentsOf: "\",\"message\":".utf8)
        JSONText.append(message, to: &line)
        let all = own.isEmpty ? fields : fields.merging(own) { _, new in new }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: ","))
            // A field must not shadow one of the three that every line has.
            let isTaken = ["time", "level", "message"].contains(name)
            JSONText.append(isTaken ? "_" + name : name, to: &line)
            line.append(UInt8(ascii: ":"))
            JSONText.append(value, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        sink(line)
    }
}
