import Editing
import Jobs
import ObjectStore

/// What an export would take and cost, before it is started:
/// `POST /api/export/estimate` with the body of `POST /api/export`.
struct ExportEstimate: Encodable {
    var frames: Int
    var chunks: Int
    /// Seconds.
    var duration: Double
    /// Completed exports of the caller that the rates were learned from; 0
    /// stands for rates that were measured elsewhere.
    var learnedFrom: Int
    var resources: ExportResources
    var cost: ExportCost

    /// Most exports that are looked at.
    private static let examples = 16

    init(
        of plan: RenderPlan, for owner: OwnerID, _ dependencies: StartExport.Dependencies
    ) async throws {
        let deployment = dependencies.deployment
        let model = CostModel(
            learningFrom: try await Self.latest(of: owner, in: dependencies.bucket), for: plan)
        frames = plan.pictureFrames.count
        chunks = plan.chunks.count
        duration = (Rational(plan.frameCount) / plan.output.frameRate).doubleValue
        learnedFrom = model.learnedFrom
        resources = model.resources(
            of: plan, renderMegabytes: deployment.renderMegabytes,
            stitchMegabytes: deployment.stitchMegabytes,
            startMegabytes: deployment.startMegabytes)
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
