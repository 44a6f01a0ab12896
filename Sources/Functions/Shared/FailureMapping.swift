import Database
import FFmpeg
import Logging
import ObjectStore

/// Reasons why work on an event ends early.
enum HandlerFailure: Error {
    /// Another attempt cannot help. The sentence becomes the export's error.
    case permanent(String, detail: String? = nil)
    /// The export was cancelled or has ended; not an error.
    case stopped
    /// The time limit of this invocation is near.
    case outOfTime
}

/// The origin of an error.
enum FailureClass: String, Hashable, Sendable {
    /// The request is at fault, or another request was first.
    case caller
    /// The source media is at fault.
    case media
    /// This machine or this program is at fault: memory, disk, time, a defect.
    case machine
    /// The store did not answer as it should.
    case network
}

/// Maps an error to its readers: the export (`sentence`, `isPermanent`), the log
/// (`logFields`) and the HTTP caller (`problem`).
///
/// The table below is closed: a new code of the store or of FFmpeg does not compile
/// without a row.
struct FailureMapping: Sendable {
    /// One row of the table.
    struct Row: Hashable, Sendable {
        var failureClass: FailureClass
        /// True if another attempt at an event cannot help.
        var isPermanent: Bool
        /// Status of an HTTP response. 500 and above is logged as an error.
        var status: Int
        /// Short name of the problem.
        var title: String
        /// One sentence; nil shows the request ID and nothing else.
        var publicDetail: String?
        /// Seconds after which the caller may try again.
        var retryAfterSeconds: Int?

        init(
            _ failureClass: FailureClass, isPermanent: Bool, _ status: Int, _ title: String,
            _ publicDetail: String? = nil, retryAfterSeconds: Int? = nil
        ) {
            self.failureClass = failureClass
            self.isPermanent = isPermanent
            self.status = status
            self.title = title
            self.publicDetail = publicDetail
            self.retryAfterSeconds = retryAfterSeconds
        }
    }

    /// One sentence, the export's error.
    var sentence: String
    /// For the failure record and the log; nil adds nothing.
    var detail: String?
    /// The error below this one, for the log alone; nil without one.
    var cause: String?
    var row: Row

    /// True if another attempt at the event cannot help.
    var isPermanent: Bool { row.isPermanent }

    /// The class, and the detail and the cause if there are any.
    var logFields: [String: LogValue] {
        var fields: [String: LogValue] = ["class": .string(row.failureClass.rawValue)]
        if let detail { fields["detail"] = .string(detail) }
        if let cause { fields["cause"] = .string(cause) }
        return fields
    }

    /// Maps any error of a handler.
    init(_ error: any Error) {
        switch error {
        case let HandlerFailure.permanent(sentence, detail):
            self.init(sentence, detail, Row(.caller, isPermanent: true, 500, "Internal error"))
        case HandlerFailure.stopped:
            self.init(
                "The export was cancelled or has ended.", nil,
                Row(.caller, isPermanent: true, 409, "Conflict"))
        case HandlerFailure.outOfTime:
            self.init(
                "The function reached its time limit.", nil,
                Row(.machine, isPermanent: false, 500, "Internal error"))
        case let error as FFmpegError:
            self.init(error.description, error.standardErrorTail, error.code.row)
        case let error as ObjectStoreError:
            self.init(error.description, nil, error.code.row)
            cause = error.underlying
        case let error as DatabaseError:
            self.init("The database failed.", error.description, error.code.row)
        default:
            self.init(
                "An unexpected error occurred.", "\(error)",
                Row(.machine, isPermanent: false, 500, "Internal error"))
        }
    }

    private init(_ sentence: String, _ detail: String?, _ row: Row) {
        self.sentence = sentence
        self.detail = detail
        self.row = row
    }

    /// The response to an HTTP request that ended with the error. Shows neither keys
    /// nor arguments.
    func problem(requestID: String) -> Problem {
        let detail =
            row.publicDetail ?? "An internal error occurred. The request ID is \(requestID)."
        return Problem(
            status: row.status, title: row.title, detail: detail,
            error: row.publicDetail == nil ? row.title : nil,
            headers: row.retryAfterSeconds.map { ["retry-after": String($0)] } ?? [:])
    }
}

extension ObjectStoreError.Code {
    /// The table's row for this code.
    var row: FailureMapping.Row {
        switch self {
        case .notFound:
            .init(
                .caller, isPermanent: true, 404, "Not found",
                "A stored object that the request needs does not exist.")
        case .preconditionFailed:
            .init(
                .caller, isPermanent: false, 409, "Conflict",
                "Another request changed the same object. Try again.")
        case .accessDenied:
            .init(
                .machine, isPermanent: true, 500, "Storage access denied",
                "The object store refused this deployment's credentials.")
        case .tooLarge:
            .init(
                .caller, isPermanent: false, 413, "Content too large",
                "A stored object is larger than the limit.")
        case .unavailable, .timeout:
            .init(
                .network, isPermanent: false, 503, "Service unavailable",
                "The object store did not answer in time. Try again.", retryAfterSeconds: 2)
        case .cancelled:
            .init(
                .machine, isPermanent: false, 503, "Service unavailable",
                "The request was cancelled. Try again.", retryAfterSeconds: 2)
        case .invalidResponse:
            .init(
                .network, isPermanent: false, 502, "Invalid store response",
                "The object store returned an invalid response.")
        case .invalidRange, .invalidRequest, .localFile:
            .init(.machine, isPermanent: false, 500, "Internal error")
        }
    }
}

extension FFmpegError.Code {
    /// The table's row for this code. `isPermanent` equals `FFmpegError.isPermanent`.
    var row: FailureMapping.Row {
        switch self {
        case .notMedia:
            .init(
                .media, isPermanent: true, 422, "Not usable media",
                "The file is not media that can be read.")
        case .unsupported:
            .init(
                .media, isPermanent: true, 422, "Not usable media",
                "The operation is not supported for this media.")
        case .sourceTooShort:
            .init(
                .media, isPermanent: true, 422, "Not usable media",
                "A source ends before its planned range.")
        case .sourceUnreadable:
            .init(
                .network, isPermanent: false, 503, "Service unavailable",
                "A source could not be read. Try again.", retryAfterSeconds: 2)
        case .frameCountMismatch, .verificationFailed:
            .init(.machine, isPermanent: true, 500, "Internal error")
        case .cancelled, .outOfTime:
            .init(
                .machine, isPermanent: false, 503, "Service unavailable",
                "FFmpeg did not finish in time. Try again.", retryAfterSeconds: 2)
        case .outOfMemory, .diskFull:
            .init(
                .machine, isPermanent: false, 503, "Service unavailable",
                "The function has no memory or disk space left. Try again.",
                retryAfterSeconds: 2)
        case .notStarted:
            .init(
                .machine, isPermanent: false, 500, "FFmpeg not available",
                "FFmpeg is not available in this function.")
        case .failed:
            .init(.machine, isPermanent: false, 500, "Internal error")
        }
    }
}
