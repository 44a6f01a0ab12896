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
    /// Writes a failure record, and fails the export when no attempt is left or none
    /// can help. Does nothing for `HandlerFailure.stopped`.
    /// - Throws: the error itself when the platform should deliver the event again.
    func recordFailure(
        _ error: any Error, of subject: FailureSubject, _ context: InvocationContext
    ) async throws {
        if case HandlerFailure.stopped = error { return }
        // The objects of a removed export are gone: that is no failure.
        if try await bucket.objectExists(keys.tombstone) { return }
        let failure = FailureMapping(await namingAsset(error))
        let willRetry = try await note(
            failure, FailedAttempt(failure.row.failureClass), of: subject, context)
        if willRetry { throw error }
        try await fail(failure.sentence)
    }

    /// Records a failure that this attempt mends itself.
    /// - Returns: False if no attempt is left.
    func noteFailure(
        _ error: FFmpegError, of subject: FailureSubject, _ context: InvocationContext
    ) async throws(ObjectStoreError) -> Bool {
        let failure = FailureMapping(error)
        return try await note(
            failure, FailedAttempt(failure.row.failureClass), of: subject, context)
    }

    /// Records a dead letter of the work as a failed attempt. Repeats the request, or fails
    /// the export when no attempt is left. Does nothing for work that is done or stopped.
    func recordDeadLetter(
        _ failure: FailureMapping, isCrash: Bool, of subject: FailureSubject,
        _ context: InvocationContext
    ) async throws {
        guard try await !isStopped(), try await bucket.objectExists(keys.plan) else { return }
        if case .unit(let unit) = subject,
            try await bucket.objectExists(keys.receipt(unit))
        {
            return
        }
        let failed = FailedAttempt(failure.row.failureClass, isCrash: isCrash)
        guard try await note(failure, failed, of: subject, context) else {
            return try await fail(failure.sentence)
        }
        switch subject {
        case .unit(let unit): try await repeatRequest(unit)
        case .stitch: try await repeatStitchRequest()
        }
    }

    /// Writes and logs the record of a failed attempt.
    /// - Returns: True if the work is tried once more.
    private func note(
        _ failure: FailureMapping, _ failed: FailedAttempt, of subject: FailureSubject,
        _ context: InvocationContext
    ) async throws(ObjectStoreError) -> Bool {
        let earlier = try await earlierAttempts(at: subject)
        let attempt = earlier.count + 1
        let willRetry = AttemptDecision.willRetry(failed, earlier: earlier)
        let record = FailureRecord(
            requestID: context.requestID, attempt: attempt, error: failure.sentence,
            detail: failure.detail, willRetry: willRetry, failedAt: now(), failed)
        _ = try await bucket.createDocument(record, at: failureKey(subject, attempt: attempt))
        context.logger.warning(
            "Attempt failed",
            failure.logFields.merging([
                "exportId": .string(keys.job.text), "unit": .string(subject.name),
                "attempt": .integer(attempt), "willRetry": .boolean(willRetry),
                "error": .string(failure.sentence),
            ]) { $1 })
        return willRetry
    }

    private func earlierAttempts(
        at subject: FailureSubject
    ) async throws(ObjectStoreError) -> [FailedAttempt] {
        let count = failedAttempts(at: subject, in: try await listing())
        var attempts: [FailedAttempt] = []
        for attempt in 0..<count {
            let record = try await bucket.document(
                FailureRecord.self, at: failureKey(subject, attempt: attempt + 1))
            attempts.append(record?.failedAttempt ?? FailedAttempt(nil))
        }
        return attempts
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
            .outOfTime, .outOfMemory, .diskFull, .notStarted, .damagedOutput, .failed:
            nil
        }
    }
}
