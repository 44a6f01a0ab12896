import Jobs
import LambdaRuntime
import Logging
import ObjectStore

extension FunctionName {
    /// Joins the rendered units.
    package static let stitchExport = FunctionName("stitch-export")
}

/// Joins the rendered units of an export into one file.
///
/// Triggered by `exports/*.stitch.json`. `StitchDecision` chooses the steps and
/// `StitchWork` performs them. The output is verified before the result is written;
/// the first writer of `result.json` decides the outcome.
enum StitchExport {
    static let function = Function(
        .stitchExport, object: { try await handle($0, $1, Dependencies($2)) })

    typealias Dependencies = ExportAttempt.Dependencies

    /// Lifetime of the chunk URLs that FFmpeg reads from.
    static let chunkURLLifetime = Duration.seconds(3_600)

    /// - Throws: when the stitch failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let keys = ExportKeys.parseStitchRequest(ObjectKey(record.key)) else {
                context.logger.warning(
                    "Event ignored: key is not a stitch request", ["key": .string(record.key)])
                continue
            }
            try await ExportAttempt.run(.stitch, of: keys, context, dependencies) { attempt in
                var work = StitchWork(attempt)
                let observation = try await work.observe()
                try await perform(work, observation)
            } afterLastAttempt: { attempt in
                let work = StitchWork(attempt)
                try await perform(work, try await work.observeEnd())
            }
        }
    }

    /// Decides and performs until a list of steps does not lead to a result.
    private static func perform(
        _ work: StitchWork, _ observation: StitchObservation
    ) async throws {
        var observation = observation
        var hasNewOutcome = false
        repeat {
            hasNewOutcome = false
            for action in StitchDecision.actions(for: observation) {
                if let outcome = try await work.perform(action) {
                    observation.outcome = outcome
                    hasNewOutcome = true
                }
            }
        } while hasNewOutcome
    }
}
