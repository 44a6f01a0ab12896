import FFmpeg
import ObjectStore

/// Why work on an event stops.
enum HandlerFailure: Error {
    /// Another attempt cannot help; the sentence is for the person who waits.
    case permanent(String, detail: String? = nil)
    /// The export was cancelled or has ended: nothing is wrong.
    case stopped
    /// The time of this invocation is nearly over.
    case outOfTime

    /// Sorts any error of a render step into what its handler decides by.
    struct Judgement {
        var sentence: String
        var detail: String?
        var isPermanent: Bool
    }

    static func judge(_ error: any Error) -> Judgement {
        switch error {
        case let HandlerFailure.permanent(sentence, detail):
            Judgement(sentence: sentence, detail: detail, isPermanent: true)
        case HandlerFailure.outOfTime:
            Judgement(
                sentence: "The work did not fit into the function's time limit.", detail: nil,
                isPermanent: false)
        case let error as FFmpegError:
            Judgement(
                sentence: error.description, detail: error.standardErrorTail,
                isPermanent: error.isPermanent)
        case let error as ObjectStoreError:
            Judgement(
                sentence: error.description, detail: nil,
                isPermanent: error.code == .notFound || error.code == .accessDenied)
        default:
            Judgement(
                sentence: "An unexpected error occurred.", detail: "\(error)",
                isPermanent: false)
        }
    }
}
