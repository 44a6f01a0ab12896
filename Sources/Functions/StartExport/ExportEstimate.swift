import Jobs
import MediaTime
import ObjectStore
import RenderPlans

/// Predicted resources and cost of an export: the response to
/// `POST /api/export/estimate` with the body of `POST /api/export`.
struct ExportEstimate: Encodable {
    var frames: Int
    var chunks: Int
    /// Seconds of the longest output.
    var duration: Double
    /// Number of the caller's completed exports that the rates were learned from; 0 means default
    /// rates.
    var learnedFrom: Int
    var resources: ExportResources
    var cost: ExportCost

    /// Maximum number of exports to learn from.
    private static let examples = 16

    /// Sums over all exports of a request; savings of shared rendering are not counted.
    /// - Parameter plans: At least one.
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

    /// The predicted cost of each plan by itself.
    static func costs(
        of plans: [RenderPlan], for owner: OwnerID, _ dependencies: StartExport.Dependencies
    ) async throws -> [ExportCost] {
        let deployment = dependencies.deployment
        let latest = try await latest(of: owner, in: dependencies.bucket)
        return plans.map { plan in
            let resources = CostModel(learningFrom: latest, for: plan).resources(
                of: plan, renderMegabytes: deployment.renderMegabytes,
                stitchMegabytes: deployment.stitchMegabytes,
                startMegabytes: deployment.startMegabytes)
            return ExportCost(of: resources, at: deployment.prices)
        }
    }

    /// The results of the owner's newest exports that have one.
    private static func latest(
        of owner: OwnerID, in bucket: any Bucket
    ) async throws -> [ExportResult] {
        let page = try await bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil, keyCountMax: examples)
        let newest = page.objects.compactMap { ExportKeys.parseRecent($0.key) }
        return try await concurrentMap(newest, limit: 8) { keys in
            try await bucket.document(ExportResult.self, at: keys.result)
        }.compactMap { $0 }
    }
}
