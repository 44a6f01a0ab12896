import FFmpeg
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans

/// Looks for damaged objects in the cache, after reading rendered units failed.
struct UnitInspection: Sendable {
    let attempt: ExportAttempt
    let plan: RenderPlan

    /// Lifetime of the URLs that FFmpeg reads from.
    private static let urlLifetime = Duration.seconds(3_600)
    /// Units that are read at the same time.
    private static let atOnce = 2

    /// The units whose cache objects are short or unreadable.
    /// - Parameter decoding: True to decode every frame; false counts packets.
    /// - Throws: The error of a unit that could not be fetched, or `HandlerFailure`.
    func damaged(
        of units: [(unit: RenderUnit, receipt: RenderReceipt)], decoding: Bool
    ) async throws -> [RenderUnit] {
        let results = try await attempt.monitored { _ in
            try await concurrentMap(units.map { Stored($0, $1.key) }, limit: Self.atOnce) {
                try await isIntact($0, decoding: decoding)
            }
        }
        let damaged = zip(units, results).filter { !$1 }.map(\.0.unit)
        for unit in damaged {
            attempt.context.logger.warning(
                "Damaged unit found",
                [
                    "exportId": .string(attempt.keys.job.text), "unit": .string(unit.name),
                ])
        }
        return damaged
    }

    private struct Stored: Sendable {
        var unit: RenderUnit
        var key: ObjectKey

        init(_ unit: RenderUnit, _ key: String) { (self.unit, self.key) = (unit, ObjectKey(key)) }
    }

    private func isIntact(_ stored: Stored, decoding: Bool) async throws -> Bool {
        // An empty object has no range to read, and a lost one is rendered again as well.
        guard let info = try await attempt.bucket.objectInfo(stored.key), info.bytes > 0 else {
            return false
        }
        let url = try await attempt.bucket.presignedURL(
            .get(stored.key, downloadName: nil), expiresIn: Self.urlLifetime, audience: .internal)
        return try await attempt.renderer.isIntact(
            stored.unit.stored, of: plan, url: url, decoding: decoding)
    }
}

extension RenderUnit {
    fileprivate var stored: StoredUnit {
        switch self {
        case .video(let frames): .video(frames)
        case .audioPiece(let frames): .audio(frames)
        case .audio: .audio(nil)
        }
    }
}

extension FFmpegError {
    /// True if a damaged unit among the inputs explains the error.
    var mayLieInUnits: Bool {
        switch code {
        case .frameCountMismatch, .verificationFailed, .sourceUnreadable, .damagedOutput, .failed,
            .unsupported:
            true
        case .notMedia, .sourceTooShort, .cancelled, .outOfTime, .outOfMemory, .diskFull,
            .notStarted:
            false
        }
    }
}
