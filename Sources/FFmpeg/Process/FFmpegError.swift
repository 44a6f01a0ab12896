/// Why FFmpeg did not do what it was asked.
package struct FFmpegError: Error, Sendable, Equatable {
    /// What went wrong.
    package enum Code: Sendable, Hashable {
        /// The file is no media that Spool accepts.
        case notMedia
        /// The operation does not exist for this media (copying a codec that
        /// the container cannot hold exactly).
        case unsupported
        /// A source cannot be opened or read: index in the plan, where known.
        case sourceUnreadable(source: Int?)
        /// A source ends before the plan does: index in the plan.
        case sourceTooShort(source: Int)
        /// FFmpeg ended well but wrote another number of frames.
        case frameCountMismatch(planned: Int, written: Int)
        /// The finished file is not what was planned.
        case verificationFailed
        /// The task was cancelled; FFmpeg is dead.
        case cancelled
        /// The limit of CPU time is used up.
        case outOfTime
        /// The system or the limit gave no more memory.
        case outOfMemory
        /// No space left where the output goes, or its limit is reached.
        case diskFull
        /// FFmpeg itself is missing or cannot be started.
        case notStarted
        /// FFmpeg failed in another way; the tail says how.
        case failed
    }

    /// What went wrong.
    package var code: Code
    /// One sentence for the person whose export this is.
    package var detail: String
    /// The command's arguments, secrets taken out.
    package var arguments: [String]
    /// Exit code; 128 + the signal's number for a signal; nil when none.
    package var exitStatus: Int?
    /// The last 4 kB of standard error, secrets taken out.
    package var standardErrorTail: String

    /// An error; everything given is freed of presigned queries here.
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

    /// True where trying again with the same input cannot help.
    package var isPermanent: Bool {
        switch code {
        case .notMedia, .unsupported, .sourceTooShort, .frameCountMismatch, .verificationFailed:
            true
        case .sourceUnreadable, .cancelled, .outOfTime, .outOfMemory, .diskFull, .notStarted,
            .failed:
            false
        }
    }
}

extension FFmpegError: CustomStringConvertible {
    /// The sentence of `detail`.
    package var description: String { detail }
}

/// Takes the query out of every URL in a text: a presigned one is a secret.
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

    /// Copies one URL, with `?REDACTED` for its query; returns where it ended.
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
