import Glibc

/// Writes lines: `timestamp`, `level`, `message`, then the fields by name. The
/// first two have the names and forms that Lambda filters JSON logs by.
///
/// A logger is a value; `with(_:)` binds fields (request ID, function, export)
/// to all lines that the copy writes. The message is a constant sentence;
/// what changes from line to line is a field.
package struct Logger: Sendable {
    private let level: LogLevel
    private let format: LogFormat
    private let fields: [String: LogValue]
    private let clock: @Sendable () -> Int
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - level: Lines below it are dropped.
    ///   - format: JSON unless the platform asks for text.
    ///   - fields: Bound to every line.
    ///   - sink: Gets each line whole, newline included, on the caller's thread.
    ///   - clock: Unix milliseconds, for the `timestamp` field.
    package init(
        level: LogLevel = .info, format: LogFormat = .json, fields: [String: LogValue] = [:],
        sink: @escaping @Sendable ([UInt8]) -> Void = Logger.standardError,
        clock: @escaping @Sendable () -> Int = Timestamp.now
    ) {
        self.level = level
        self.format = format
        self.fields = fields
        self.clock = clock
        self.sink = sink
    }

    /// A logger that also writes these fields; they win over fields bound before.
    package func with(_ fields: [String: LogValue]) -> Logger {
        let all = self.fields.merging(fields) { _, new in new }
        return Logger(level: level, format: format, fields: all, sink: sink, clock: clock)
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
    package static let standardError = descriptor(2)

    /// Writes a line to an open file.
    package static func descriptor(_ descriptor: Int32) -> @Sendable ([UInt8]) -> Void {
        { line in
            line.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    let written = Glibc.write(
                        descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                    if written > 0 {
                        offset += written
                    } else if errno != EINTR {
                        return  // Nowhere left to say so.
                    }
                }
            }
        }
    }

    private func write(_ level: LogLevel, _ message: String, _ own: [String: LogValue]) {
        guard level >= self.level else { return }
        let all = own.isEmpty ? fields : fields.merging(own) { _, new in new }
        let time = Timestamp.text(unixMilliseconds: clock())
        sink(LogLine(time: time, level: level, message: message, fields: all).bytes(format))
    }

    // What the metric lines need of a logger.
    var boundFields: [String: LogValue] { fields }
    func unixMilliseconds() -> Int { clock() }
    func emit(_ line: [UInt8]) { sink(line) }
}
