import Synchronization

/// The output of a child process, kept within limits. The supervisor's thread appends to it.
final class ProcessOutput: Sendable {
    private struct State {
        var line: [UInt8] = []
        var collected: [UInt8] = []
        var tail: [UInt8] = []
        var errorLine: [UInt8] = []
        var interruption: String?
        var overflowed = false
    }

    /// Called with each complete line of standard output.
    typealias LineHandler = @Sendable (String) -> Void

    static let tailBytes = 4_096
    private static let lineBytesMax = 1 << 16

    private let state = Mutex(State())
    private let collectBytesMax: Int
    private let onLine: LineHandler?

    /// - Parameter collectBytesMax: Size up to which standard output is kept; a larger
    ///   output is dropped.
    init(collectBytesMax: Int, onLine: LineHandler?) {
        self.collectBytesMax = collectBytesMax
        self.onLine = onLine
    }

    func appendOutput(_ bytes: [UInt8]) {
        let lines: [String] = state.withLock { state in
            if state.collected.count + bytes.count <= collectBytesMax {
                state.collected += bytes
            } else {
                state.overflowed = true
            }
            guard onLine != nil else { return [] }
            return Self.split(bytes, &state.line)
        }
        guard let onLine else { return }
        for line in lines { onLine(line) }
    }

    func appendError(_ bytes: [UInt8]) {
        state.withLock { state in
            state.tail += bytes
            if state.tail.count > Self.tailBytes {
                state.tail.removeFirst(state.tail.count - Self.tailBytes)
            }
            let lines = Self.split(bytes, &state.errorLine)
            guard state.interruption == nil else { return }
            state.interruption = lines.first(where: Self.isInterruption)
        }
    }

    /// The whole standard output; nil if it was larger than `collectBytesMax`.
    var collected: [UInt8]? {
        state.withLock { $0.overflowed ? nil : $0.collected }
    }

    /// The first line of standard error by which an input was interrupted; nil without one.
    var interruption: String? {
        state.withLock { state in
            if let line = state.interruption { return line }
            let last = String(decoding: state.errorLine, as: UTF8.self)
            return Self.isInterruption(last) ? last : nil
        }
    }

    private static func isInterruption(_ line: String) -> Bool {
        FFmpegMessage.first(.interrupted, in: line) != nil
    }

    /// The end of standard error.
    var tail: String {
        state.withLock { String(decoding: $0.tail, as: UTF8.self) }
    }

    private static func split(_ bytes: [UInt8], _ rest: inout [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            } else if rest.count < lineBytesMax {
                rest.append(byte)
            }
        }
        return lines
    }
}
