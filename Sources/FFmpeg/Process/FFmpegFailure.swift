import ChildProcess
import Glibc

/// The classification of a run that did not exit with 0, by its exit and its standard error.
struct FFmpegFailure: Equatable {
    var code: FFmpegError.Code
    /// One sentence for the caller.
    var detail: String

    /// - Parameters:
    ///   - standardError: The end of what the process wrote.
    ///   - sources: URL and plan index of each input, to name the one that failed.
    init(
        _ exit: ChildResult.Exit, standardError: String, sources: [(url: String, source: Int)]
    ) {
        switch exit {
        case .signal(Int(SIGXCPU)):
            (code, detail) = (.outOfTime, "FFmpeg reached its CPU time limit.")
        case .signal(Int(SIGXFSZ)):
            (code, detail) = (.diskFull, "FFmpeg reached its file size limit.")
        case .signal(Int(SIGKILL)):
            (code, detail) = (.outOfMemory, "FFmpeg was killed, probably for lack of memory.")
        case .signal, .code:
            (code, detail) = Self.classify(exit, standardError, sources)
        }
    }

    /// The failure of a run that exited with 0; nil if its messages report none.
    ///
    /// FFmpeg 5.1 exits with 0 although the last write failed, and although an input ended
    /// early because its connection did (measured).
    /// - Parameter interruption: The first line by which an input was interrupted; nil if none
    ///   was.
    init?(
        exitZero standardError: String, interruption: String?,
        sources: [(url: String, source: Int)]
    ) {
        if FFmpegMessage.first(.unwritten, in: standardError) != nil {
            let isFull = FFmpegMessage.first(.diskFull, in: standardError) != nil
            (code, detail) =
                isFull
                ? (.diskFull, "The disk is full.")
                : (.damagedOutput, "The end of the output could not be written.")
        } else if let interruption {
            let source = Self.unreadable(interruption, sources)
            let name = source.map { "Source \($0)" } ?? "A source"
            (code, detail) = (
                .sourceUnreadable(source: source), "\(name) was interrupted while it was read."
            )
        } else {
            return nil
        }
    }

    private static func classify(
        _ exit: ChildResult.Exit, _ errors: String, _ sources: [(url: String, source: Int)]
    ) -> (FFmpegError.Code, String) {
        if FFmpegMessage.first(.diskFull, in: errors) != nil {
            return (.diskFull, "The disk is full.")
        }
        if FFmpegMessage.first(.outOfMemory, in: errors) != nil {
            return (.outOfMemory, "FFmpeg ran out of memory.")
        }
        let messages = errors.split(separator: "\n").compactMap {
            FFmpegMessage.first(.unreadable, in: $0)
        }
        if let message = messages.last {
            let source = unreadable(errors, sources)
            let name = source.map { "Source \($0)" } ?? "A source"
            return (
                .sourceUnreadable(source: source), "\(name) cannot be read: \(message.text)."
            )
        }
        return (.failed, "FFmpeg failed (\(exit)): \(lastLine(errors)).")
    }

    /// The source that the messages name; nil if they could mean several.
    private static func unreadable(
        _ errors: String, _ sources: [(url: String, source: Int)]
    ) -> Int? {
        let named = sources.filter { errors.contains($0.url) }
        let indices = Set((named.isEmpty ? sources : named).map(\.source))
        return indices.count == 1 ? indices.first : nil
    }

    /// The last line of a text, for an error's detail.
    static func lastLine(_ text: String) -> String {
        text.split(separator: "\n").last.map(String.init) ?? "no message"
    }
}

extension FFmpegFailure {
    /// Signals that end a process from outside; the file cannot cause them.
    private static let outsideSignals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].map(Int.init)

    /// The failure of a probe: a file that was fetched but not understood is not media,
    /// one that could not be fetched may be.
    /// - Returns: The error itself if the run failed for another reason than the file.
    static func ofProbe(_ error: FFmpegError) -> FFmpegError {
        let tail = error.standardErrorTail
        if let status = error.exitStatus, Self.outsideSignals.contains(status - 128) {
            return error
        }
        switch error.code {
        case .sourceUnreadable, .failed:
            let isUnreachable = FFmpegMessage.first(.unreachable, in: tail) != nil
            return FFmpegError(
                isUnreachable ? .sourceUnreadable(source: nil) : .notMedia,
                isUnreachable
                    ? "The file cannot be read."
                    : "The file is not media in a format that Spool accepts.",
                arguments: error.arguments, exitStatus: error.exitStatus, standardErrorTail: tail)
        case .notMedia, .unsupported, .sourceTooShort, .frameCountMismatch, .verificationFailed,
            .damagedOutput, .cancelled, .outOfTime, .outOfMemory, .diskFull, .notStarted:
            return error
        }
    }
}
