import FFmpeg
import Jobs
import Logging
import ObjectStore

/// Reasons why work on an event ends early.
enum HandlerFailure: Error {
    /// The stored objects do not allow the work. The sentence becomes the export's error.
    case permanent(String, detail: String? = nil)
    /// The export was cancelled or has ended; not an error.
    case stopped
    /// The time limit of this invocation is near.
    case outOfTime
    /// The platform ended every delivery of the event. The sentence becomes the export's error.
    case crashed(String)
}

/// Maps an error to its readers: the export (`sentence`, `isPermanent`), the log
/// (`logFields`) and the HTTP caller (`problem`).
///
/// Its rows are in `FailureTable.swift`.
struct FailureMapping: Sendable {
    /// One row of the table.
    struct Row: Hashable, Sendable {
        var failureClass: FailureClass
        /// Status of an HTTP response. 500 and above is logged as an error.
        var status: Int
        /// Short name of the problem.
        var title: String
        /// One sentence; nil shows the request ID and nothing else.
        var publicDetail: String?
        /// Seconds after which the caller may try again.
        var retryAfterSeconds: Int?

        init(
            _ failureClass: FailureClass, _ status: Int, _ title: String,
            _ publicDetail: String? = nil, retryAfterSeconds: Int? = nil
        ) {
            self.failureClass = failureClass
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
    var isPermanent: Bool { row.failureClass.isPermanent }

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
        case let error as HandlerFailure:
            self.init(error.sentence, error.detail, error.row)
        case let error as FFmpegError:
            self.init(error.description, error.standardErrorTail, error.code.row)
        case let error as ObjectStoreError:
            self.init(error.description, nil, error.isFull ? .storeFull : error.code.row)
            cause = error.underlying
        default:
            self.init(
                "An unexpected error occurred.", "\(error)", Row(.machine, 500, "Internal error"))
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
