import FFmpeg
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans
import WallClock

/// The work of an attempt.
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
    /// Attempts at one unit or stitch before its export fails.
    static let attemptCountMax = 3

    /// Writes a failure record, and fails the export when no attempt is left or none
    /// can help. Does nothing for `HandlerFailure.stopped`.
    /// - Throws: the error itself when the platform should deliver the event again.
    func recordFailure(
        _ error: any Error, of subject: FailureSubject, _ context: InvocationContext
    ) async throws {
        if case HandlerFailure.stopped = error { return }
        let failure = FailureMapping(await namingAsset(error))
        let attempt = failedAttempts(at: subject, in: try await listing()) + 1
        let willRetry = !failure.isPermanent && attempt < Self.attemptCountMax
        let record = FailureRecord(
            requestID: context.requestID, attempt: attempt, error: failure.sentence,
            detail: failure.detail, willRetry: willRetry, failedAt: now())
        _ = try await bucket.createDocument(record, at: failureKey(subject, attempt: attempt))
        context.logger.warning(
            "Attempt failed",
            failure.logFields.merging([
                "exportId": .string(keys.job.text), "unit": .string(subject.name),
                "attempt": .integer(attempt), "willRetry": .boolean(willRetry),
                "error": .string(failure.sentence),
            ]) { $1 })
        if willRetry { throw error }
        try await fail(failure.sentence)
    }

    /// The error with its source named by asset ID: the caller does not know the plan's indices.
    /// Best effort: without a plan the index stays.
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
    /// Index of the faulty source in the plan; nil for codes without one.
    fileprivate var sourceIndex: Int? {
        switch self {
        case .sourceUnreadable(let source): source
        case .sourceTooShort(let source): source
        case .notMedia, .unsupported, .frameCountMismatch, .verificationFailed, .cancelled,
            .outOfTime, .outOfMemory, .diskFull, .notStarted, .failed:
            nil
        }
    }
}
