import Glibc
package import WallClock

/// A logger that writes `timestamp`, `level`, `message`, then the fields by name.
/// The first two have the names and forms by which Lambda filters JSON logs.
///
/// A logger is a value; `with(_:)` binds fields (request ID, function, export) to
/// all lines of the copy. The message is a constant sentence; variable data goes
/// into fields.
package struct Logger: Sendable {
    private let level: LogLevel
    private let format: LogFormat
    private let fields: LogFields
    private let clock: @Sendable () -> UnixTime
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - level: Lines below it are dropped.
    ///   - format: JSON unless the platform requests text.
    ///   - fields: Fields of every line.
    ///   - sink: Receives each complete line, newline included, on the caller's thread.
    ///   - clock: Returns the time for the `timestamp` field.
    package init(
        level: LogLevel = .info, format: LogFormat = .json, fields: [String: LogValue] = [:],
        sink: @escaping @Sendable ([UInt8]) -> Void = Logger.standardError,
        clock: @escaping @Sendable () -> UnixTime = { .now() }
    ) {
        self.init(level, format, LogFields(fields), sink, clock)
    }

    private init(
        _ level: LogLevel, _ format: LogFormat, _ fields: LogFields,
        _ sink: @escaping @Sendable ([UInt8]) -> Void, _ clock: @escaping @Sendable () -> UnixTime
    ) {
        self.level = level
        self.format = format
        self.fields = fields
        self.clock = clock
        self.sink = sink
    }

    /// Returns a logger with additional fields; they override fields bound before.
    package func with(_ fields: [String: LogValue]) -> Logger {
        Logger(level, format, self.fields.merging(LogFields(fields)), sink, clock)
    }

    /// Returns a logger with an additional field.
    package func with(_ name: String, _ value: LogValue) -> Logger {
        let one = LogFields(sorted: [(name: name, value: value)])
        return Logger(level, format, fields.merging(one), sink, clock)
    }

    /// Writes an `info` line with fields that are already sorted by name, for
    /// lines that every invocation writes.
    package func info(_ message: String, sorted own: [(name: String, value: LogValue)]) {
        guard level <= .info else { return }
        assert(zip(own, own.dropFirst()).allSatisfy { $0.name < $1.name })
        write(.info, message, fields.merging(LogFields(sorted: own)))
    }

    /// Writes details for diagnosis, at the level `debug` only.
    package func debug(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.debug, message, fields)
    }

    /// Writes a line about normal operation.
    package func info(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.info, message, fields)
    }

    /// Writes a line about a fault that was handled.
    package func warning(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.warning, message, fields)
    }

    /// Writes a line about a fault that a person must look at.
    package func error(_ message: String, _ fields: [String: LogValue] = [:]) {
        write(.error, message, fields)
    }

    /// Writes a line to standard error. Standard output is block-buffered on a
    /// pipe, and a line in its buffer is lost when the process dies.
    package static let standardError = descriptor(2)

    /// Returns a sink that writes to an open file descriptor.
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
        write(level, message, own.isEmpty ? fields : fields.merging(LogFields(own)))
    }

    private func write(_ level: LogLevel, _ message: String, _ all: LogFields) {
        let time = clock().rfc3339
        sink(LogLine(time: time, level: level, message: message, fields: all).bytes(format))
    }

    // Access for the metric lines.
    var boundFields: LogFields { fields }
    func unixMilliseconds() -> Int { clock().milliseconds }
    func emit(_ line: [UInt8]) { sink(line) }
}

/// Fields sorted by name: merging two of them, for every line of an invocation, costs no hashing.
struct LogFields: Sendable {
    private(set) var sorted: [(name: String, value: LogValue)]

    init(sorted: [(name: String, value: LogValue)]) { self.sorted = sorted }

    init(_ fields: [String: LogValue]) {
        sorted = fields.map { (name: $0.key, value: $0.value) }
        sorted.sort { $0.name < $1.name }
    }

    /// Merges two sets of fields; those of `other` take precedence.
    func merging(_ other: LogFields) -> LogFields {
        var merged = self
        merged.sorted = []
        merged.sorted.reserveCapacity(sorted.count + other.sorted.count)
        var mine = sorted[...]
        for field in other.sorted {
            while let first = mine.first, first.name < field.name {
                merged.sorted.append(mine.removeFirst())
            }
            if mine.first?.name == field.name { mine.removeFirst() }
            merged.sorted.append(field)
        }
        merged.sorted.append(contentsOf: mine)
        return merged
    }

    subscript(name: String) -> LogValue? { sorted.first { $0.name == name }?.value }
}
