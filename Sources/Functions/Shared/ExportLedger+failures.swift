import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// What an attempt was about.
enum FailureSubject {
    case unit(RenderUnit)
    case stitch

    var name: String {
        switch self {
        case .unit(let unit): unit.name
        case .stitch: "stitch"
        }
    }
}

extension ExportLedger {
    /// Attempts at one piece of work before its export fails (CF-39).
    static let maximumAttempts = 3

    /// Writes a failed attempt down, and ends the export when no other attempt
    /// is left or none can help.
    /// - Throws: the error itself when the platform shall deliver again.
    func recordFailure(
        _ error: any Error, of subject: FailureSubject, _ context: InvocationContext
    ) async throws {
        if case HandlerFailure.stopped = error { return }
        let judgement = HandlerFailure.judge(await namingAsset(error))
        let attempt = failedAttempts(at: subject, in: try await listing()) + 1
        let willRetry = !judgement.isPermanent && attempt < Self.maximumAttempts
        let record = FailureRecord(
            requestID: context.requestID, attempt: attempt, error: judgement.sentence,
            detail: judgement.detail, willRetry: willRetry, milliseconds: now())
        _ = try await bucket.createDocument(record, at: failureKey(subject, attempt: attempt))
        context.logger.warning(
            "An attempt at an export's work failed.",
            [
                "exportId": .string(keys.job.text), "unit": .string(subject.name),
                "attempt": .integer(attempt), "willRetry": .boolean(willRetry),
                "error": .string(judgement.sentence),
            ])
        if willRetry { throw error }
        try await fail(judgement.sentence)
    }

    /// The same error, a source in it called by its asset: the person who waits
    /// knows nothing of places in a plan.
    private func namingAsset(_ error: any Error) async -> any Error {
        guard var named = error as? FFmpegError, let index = named.code.sourceIndex,
            let plan = try? await plan(), plan.sources.indices.contains(index)
        else { return error }
        let place = "Source \(index) "
        guard named.detail.hasPrefix(place) else { return error }
        named.detail =
            "Asset \(plan.sources[index].assetID) \(named.detail.dropFirst(place.count))"
        return named
    }

    private func failedAttempts(at subject: FailureSubject, in listing: ExportListing) -> Int {
        switch subject {
        case .unit(let unit): listing.failures[unit] ?? 0
        case .stitch: listing.stitchFailures
        }
    }

    private func failureKey(_ subject: FailureSubject, attempt: Int) -> ObjectKey {
        switch subject {
        case .unit(let unit): keys.failure(unit, attempt: attempt)
        case .stitch: keys.stitchFailure(attempt: attempt)
        }
    }
}

extension FFmpegError.Code {
    /// Place of the source that is to blame in the plan's list; nil where none.
    fileprivate var sourceIndex: Int? {
        switch self {
        case .sourceUnreadable(let source): source
        case .sourceTooShort(let source): source
        default: nil
        }
    }
}

extension InvocationContext {
    /// When work has to give up so that there is time left to end FFmpeg and
    /// to write a record: milliseconds since 1970.
    func giveUpAt(now: Int) -> Int {
        deadlineMilliseconds - min(8_000, (deadlineMilliseconds - now) / 5)
    }
}
