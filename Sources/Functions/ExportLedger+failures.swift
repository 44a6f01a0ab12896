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
        let judgement = HandlerFailure.judge(error)
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

extension InvocationContext {
    /// When work has to give up so that there is time left to end FFmpeg and
    /// to write a record: milliseconds since 1970.
    func giveUpAt(now: Int) -> Int {
        deadlineMilliseconds - min(8_000, (deadlineMilliseconds - now) / 5)
    }
}
