import Editing
import Jobs
import ObjectStore

/// What an export would take and cost, before it is started:
/// `POST /api/export/estimate` with the body of `POST /api/export`.
struct ExportEstimate: Encodable {
    var frames: Int
    var chunks: Int
    /// Seconds of the longest film.
    var duration: Double
    /// Completed exports of the caller that the rates were learned from; 0
    /// stands for rates that were measured elsewhere.
    var learnedFrom: Int
    var resources: ExportResources
    var cost: ExportCost

    /// Most exports that are looked at.
    private static let examples = 16

    /// - Parameter plans: Of all exports that a request stands for, at least one.
    ///   What several save by being rendered together is not counted.
    init(
        of plans: [RenderPlan], for owner: OwnerID, _ dependencies: StartExport.Dependencies
    ) async throws {
        let deployment = dependencies.deployment
        let latest = try await Self.latest(of: owner, in: dependencies.bucket)
        (frames, chunks, duration, learnedFrom) = (0, 0, 0, 0)
        resources = ExportResources()
        for plan in plans {
            let model = CostModel(learningFrom: latest, for: plan)
            frames += plan.pictureFrames.count
            chunks += plan.chunks.count
            let own = (Rational(plan.frameCount) / plan.output.frameRate).doubleValue
            duration = max(duration, own)
            learnedFrom = max(learnedFrom, model.learnedFrom)
            resources += model.resources(
                of: plan, renderMegabytes: deployment.renderMegabytes,
                stitchMegabytes: deployment.stitchMegabytes,
                startMegabytes: deployment.startMegabytes)
        }
        cost = ExportCost(of: resources, at: deployment.prices)
    }

    /// The results of the owner's newest exports that have one.
    private static func latest(
        of owner: OwnerID, in bucket: any Bucket
    ) async throws -> [ExportResult] {
        let page = try await bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil, maximumKeys: examples)
        let newest = page.objects.compactMap { ExportKeys.parseRecent($0.key) }
        return try await concurrentMap(newest, limit: 8) { keys in
            try await bucket.document(ExportResult.self, at: keys.result)
        }.compactMap { $0 }
    }
}
