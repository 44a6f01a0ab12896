/// A failed media operation: code, one sentence, and the process's arguments and messages.
package struct FFmpegError: Error, Sendable, Equatable {
    /// The kind of failure.
    package enum Code: Sendable, Hashable {
        /// The file is not media in a format that Spool accepts.
        case notMedia
        /// The operation does not support this media (for example, copying a codec that
        /// the container cannot hold exactly).
        case unsupported
        /// A source cannot be opened or read; its index in the plan, if known.
        case sourceUnreadable(source: Int?)
        /// A source ends before its planned range does; its index in the plan.
        case sourceTooShort(source: Int)
        /// FFmpeg exited with 0 but wrote another number of frames than planned.
        case frameCountMismatch(planned: Int, written: Int)
        /// The output file differs from its plan.
        case verificationFailed
        /// FFmpeg exited with 0, but the file that it wrote is incomplete.
        case damagedOutput
        /// The task was cancelled, and FFmpeg has ended.
        case cancelled
        /// The CPU time limit is reached.
        case outOfTime
        /// The system or the address space limit refused memory.
        case outOfMemory
        /// The disk is full, or the file size limit is reached.
        case diskFull
        /// FFmpeg is missing or cannot be started.
        case notStarted
        /// Any other failure; `standardErrorTail` has the messages.
        case failed
    }

    /// The kind of failure.
    package var code: Code
    /// One sentence for the owner of the export.
    package var detail: String
    /// Arguments of the command, without the queries of URLs.
    package var arguments: [String]
    /// Exit code, or 128 plus the number of the signal; nil if no process ended.
    package var exitStatus: Int?
    /// The last 4 KiB of standard error, without the queries of URLs.
    package var standardErrorTail: String

    /// An error; removes the queries of URLs from all texts.
    package init(
        _ code: Code, _ detail: String, arguments: [String] = [], exitStatus: Int? = nil,
        standardErrorTail: String = ""
    ) {
        self.code = code
        self.detail = Redaction.redacted(detail)
        self.arguments = arguments.map(Redaction.redacted)
        self.exitStatus = exitStatus
        self.standardErrorTail = Redaction.redacted(standardErrorTail)
    }
}

extension FFmpegError {
    /// True if FFmpeg read its input and rejected it: it exited, and neither a signal, a limit
    /// nor a connection ended it.
    var isVerdict: Bool {
        switch code {
        case .failed, .sourceUnreadable:
            (exitStatus ?? 128) < 128
                && FFmpegMessage.first(.unreachable, in: standardErrorTail) == nil
        case .notMedia, .unsupported, .sourceTooShort, .frameCountMismatch, .verificationFailed:
            true
        case .damagedOutput, .cancelled, .outOfTime, .outOfMemory, .diskFull, .notStarted:
            false
        }
    }
}

extension FFmpegError: CustomStringConvertible {
    /// The sentence of `detail`.
    package var description: String { detail }
}

/// Removal of the query from every URL in a text: that of a presigned URL is a secret.
enum Redaction {
    static func redacted(_ text: String) -> String {
        guard text.contains("?") else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if startsURL(bytes, at: index) {
                index = appendURL(bytes, from: index, to: &result)
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let schemes = [Array("http://".utf8), Array("https://".utf8)]

    private static func startsURL(_ bytes: [UInt8], at index: Int) -> Bool {
        schemes.contains { bytes[index...].starts(with: $0) }
    }

    /// Copies one URL with `?REDACTED` for its query.
    /// - Returns: The index after the URL.
    private static func appendURL(
        _ bytes: [UInt8], from start: Int, to result: inout [UInt8]
    ) -> Int {
        var index = start
        while index < bytes.count, !endsURL(bytes[index]) {
            if bytes[index] == UInt8(ascii: "?") {
                result += Array("?REDACTED".utf8)
                while index < bytes.count, !endsURL(bytes[index]) { index += 1 }
                return index
            }
            result.append(bytes[index])
            index += 1
        }
        return index
    }

    private static func endsURL(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
    }
}
