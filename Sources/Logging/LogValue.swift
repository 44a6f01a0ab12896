import JSON

/// The severity of a line; a logger drops lines below its level.
package enum LogLevel: Int, Sendable, Hashable, Comparable, CaseIterable {
    case debug, info, warning, error

    /// Reads Lambda's names (`AWS_LAMBDA_LOG_LEVEL`) and Spool's, in any case.
    /// - Returns: nil for any other name.
    package init?(name: String) {
        switch name.lowercased() {
        case "trace", "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error", "fatal": self = .error
        default: return nil
        }
    }

    /// The value of the `level` field: Lambda's name, by which Lambda filters.
    package var name: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        }
    }

    /// Orders levels by severity.
    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The value of a log field.
package enum LogValue: Sendable, Hashable {
    case string(String)
    case integer(Int)
    /// Written as text if not finite, since JSON has no such number.
    case double(Double)
    case boolean(Bool)
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension JSONText {
    static func append(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text): append(text, to: &bytes)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .double(let number) where number.isFinite:
            bytes.append(contentsOf: String(number).utf8)
        case .double(let number): append(String(number), to: &bytes)
        case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        }
    }
}
