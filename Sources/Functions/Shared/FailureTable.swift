import FFmpeg
import Jobs
import ObjectStore

// The table of every error: the party at fault, and the answer to an HTTP caller. It is
// closed: a new code of the store or of FFmpeg does not compile without a row. Only failures
// of the caller and of the media are permanent (`FailureClass.isPermanent`).

extension HandlerFailure {
    /// The table's row for this reason.
    var row: FailureMapping.Row {
        switch self {
        case .permanent: .init(.caller, 500, "Internal error")
        case .stopped: .init(.caller, 409, "Conflict")
        case .outOfTime, .crashed: .init(.machine, 500, "Internal error")
        }
    }

    /// One sentence, the export's error.
    var sentence: String {
        switch self {
        case .permanent(let sentence, _): sentence
        case .stopped: "The export was cancelled or has ended."
        case .outOfTime: "The function reached its time limit."
        case .crashed(let sentence): sentence
        }
    }

    /// For the failure record and the log.
    var detail: String? {
        if case .permanent(_, let detail) = self { detail } else { nil }
    }
}

extension ObjectStoreError.Code {
    /// The table's row for this code.
    var row: FailureMapping.Row {
        switch self {
        case .notFound:
            .init(
                .caller, 404, "Not found",
                "A stored object that the request needs does not exist.")
        case .preconditionFailed:
            // A race of this program with itself: the next attempt finds the object.
            .init(
                .machine, 409, "Conflict",
                "Another request changed the same object. Try again.")
        case .accessDenied:
            .init(
                .machine, 500, "Storage access denied",
                "The object store refused this deployment's credentials.")
        case .tooLarge:
            .init(
                .caller, 413, "Content too large", "A stored object is larger than the limit.")
        case .unavailable, .timeout:
            .init(
                .network, 503, "Service unavailable",
                "The object store did not answer in time. Try again.", retryAfterSeconds: 2)
        case .cancelled:
            .init(
                .machine, 503, "Service unavailable", "The request was cancelled. Try again.",
                retryAfterSeconds: 2)
        case .invalidResponse:
            .init(
                .network, 502, "Invalid store response",
                "The object store returned an invalid response.")
        case .invalidRange, .invalidRequest, .localFile:
            .init(.machine, 500, "Internal error")
        }
    }
}

extension FFmpegError.Code {
    /// The table's row for this code.
    var row: FailureMapping.Row {
        switch self {
        case .notMedia:
            .init(.media, 422, "Not usable media", "The file is not media that can be read.")
        case .unsupported:
            .init(
                .media, 422, "Not usable media",
                "The operation is not supported for this media.")
        case .sourceTooShort:
            .init(
                .media, 422, "Not usable media", "A source ends before its planned range.")
        case .sourceUnreadable:
            .init(
                .network, 503, "Service unavailable", "A source could not be read. Try again.",
                retryAfterSeconds: 2)
        case .frameCountMismatch, .verificationFailed, .damagedOutput:
            // A short read, a full disk or a damaged unit look like this.
            .init(.machine, 500, "Internal error")
        case .cancelled, .outOfTime:
            .init(
                .machine, 503, "Service unavailable",
                "FFmpeg did not finish in time. Try again.", retryAfterSeconds: 2)
        case .outOfMemory, .diskFull:
            .init(
                .machine, 503, "Service unavailable",
                "The function has no memory or disk space left. Try again.",
                retryAfterSeconds: 2)
        case .notStarted:
            .init(
                .machine, 500, "FFmpeg not available",
                "FFmpeg is not available in this function.")
        case .failed:
            .init(.machine, 500, "Internal error")
        }
    }
}

extension FFmpegError {
    /// True if a retry with the same input fails again.
    var isPermanent: Bool { code.row.failureClass.isPermanent }
}
