import JSON

/// The format of log lines.
package enum LogFormat: Sendable, Hashable {
    /// One JSON object per line.
    case json
    /// `timestamp  request ID  LEVEL  message  name=value …`, separated by tabs,
    /// like the text format of Lambda's runtimes.
    case text

    /// Reads `AWS_LAMBDA_LOG_FORMAT`: `JSON` or `Text`, in any case.
    /// - Returns: nil for any other name.
    package init?(name: String) {
        switch name.lowercased() {
        case "json": self = .json
        case "text": self = .text
        default: return nil
        }
    }
}

/// One log line, encoded in either format.
struct LogLine {
    var time: String
    var level: LogLevel
    var message: String
    var fields: LogFields

    func bytes(_ format: LogFormat) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch format {
        case .json: appendJSON(to: &line)
        case .text: appendText(to: &line)
        }
        return line
    }

    private func appendJSON(to line: inout [UInt8]) {
        line.append(contentsOf: "{\"timestamp\":\"".utf8)
        line.append(contentsOf: time.utf8)
        line.append(contentsOf: "\",\"level\":\"".utf8)
        line.append(contentsOf: level.name.utf8)
        line.append(contentsOf: "\",\"message\":".utf8)
        JSONText.append(message, to: &line)
        for (name, value) in fields.sorted {
            line.append(UInt8(ascii: ","))
            // A field must not shadow the three members that every line has.
            let isTaken = name == "timestamp" || name == "level" || name == "message"
            JSONText.append(isTaken ? "_" + name : name, to: &line)
            line.append(UInt8(ascii: ":"))
            JSONText.append(value, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
    }

    private func appendText(to line: inout [UInt8]) {
        var requestID = "-"
        if case .string(let text)? = fields["requestId"] { requestID = text }
        line.append(contentsOf: "\(time)\t\(requestID)\t\(level.name)\t".utf8)
        // The message and the values are quoted if they could be read as more
        // than one line or field.
        appendWord(message, allowsSpace: true, to: &line)
        for (name, value) in fields.sorted where name != "requestId" {
            line.append(contentsOf: "\t\(name)=".utf8)
            if case .string(let text) = value {
                appendWord(text, allowsSpace: false, to: &line)
            } else {
                JSONText.append(value, to: &line)
            }
        }
        line.append(UInt8(ascii: "\n"))
    }

    private func appendWord(_ text: String, allowsSpace: Bool, to line: inout [UInt8]) {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 != UInt8(ascii: "\"") || $0 == 0x20 && allowsSpace
            }
        if isPlain {
            line.append(contentsOf: text.utf8)
        } else {
            JSONText.append(text, to: &line)
        }
    }
}
