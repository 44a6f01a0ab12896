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

    /// Decides and performs until a list of steps leads to no news.
    private static func perform(
        _ work: StitchWork, _ observation: StitchObservation
    ) async throws {
        var observation = observation
        var hasNews = false
        repeat {
            hasNews = false
            for action in StitchDecision.actions(for: observation) {
                guard let news = try await work.perform(action) else { continue }
                hasNews = true
                switch news {
                case .outcome(let outcome): observation.outcome = outcome
                case .damaged(let units): observation.mark(damaged: units)
                }
            }
        } while hasNews
    }
}
