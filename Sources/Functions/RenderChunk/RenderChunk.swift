import Jobs
import LambdaRuntime
import Logging
import ObjectStore

extension FunctionName {
    /// Renders one unit.
    package static let renderChunk = FunctionName("render-chunk")
}

/// Renders one unit of an export: a range of frames, the whole audio or a piece of it.
///
/// Triggered by `exports/*.chunk.json`. `RenderDecision` chooses the steps and
/// `UnitWork` performs them. A second delivery finds the receipt and only checks
/// whether every unit is finished, which repairs a crash between the receipt and the
/// stitch request.
enum RenderChunk {
    static let function = Function(
        .renderChunk, object: { try await handle($0, $1, Dependencies($2)) })

    typealias Dependencies = ExportAttempt.Dependencies

    /// Lifetime of the URLs that FFmpeg reads from.
    static let sourceURLLifetime = Duration.seconds(3_600)

    /// - Throws: when the unit failed and another attempt may help, so that
    ///   the platform delivers the event again.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let (keys, unit) = ExportKeys.parseChunkRequest(ObjectKey(record.key)) else {
                context.logger.warning(
                    "Event ignored: key is not a chunk request", ["key": .string(record.key)])
                continue
            }
            try await ExportAttempt.run(.unit(unit), of: keys, context, dependencies) { attempt in
                try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
                    try await perform(UnitWork(attempt, unit, scratch: scratch))
                }
            } afterLastAttempt: { attempt in
                try await SharedUnits.release(unit, of: attempt.ledger)
            }
        }
    }

    /// Observes, decides and performs until a list of steps has no render in it.
    private static func perform(_ work: UnitWork) async throws {
        var work = work
        var observation = try await work.observe()
        var hasRendered = false
        repeat {
            hasRendered = false
            for action in RenderDecision.actions(for: observation) {
                if let render = try await work.perform(action) {
                    observation.lastRender = render
                    hasRendered = true
                }
            }
        } while hasRendered
    }
}
