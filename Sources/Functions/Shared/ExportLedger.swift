import Editing
import Jobs
import ObjectStore

/// The steps that several handlers take on one export's objects.
///
/// Every step may be taken twice, by two handlers at once, or be cut short:
/// what is there already counts as done.
struct ExportLedger: Sendable {
    let bucket: any Bucket
    let keys: ExportKeys
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int

    /// - Throws: `.notFound` as `HandlerFailure.permanent` when there is no plan.
    func plan() async throws -> RenderPlan {
        guard let plan = try await bucket.document(RenderPlan.self, at: keys.plan) else {
            throw HandlerFailure.permanent("The export has no plan.")
        }
        guard plan.version == RenderPlan.currentVersion else {
            throw HandlerFailure.permanent("The plan's version \(plan.version) is not known.")
        }
        return plan
    }

    func listing() async throws(ObjectStoreError) -> ExportListing {
        ExportListing(try await bucket.listAllObjects(prefix: keys.prefix), of: keys)
    }

    func result() async throws(ObjectStoreError) -> ExportResult? {
        try await bucket.document(ExportResult.self, at: keys.result)
    }

    /// Whether work on this export is pointless: it has ended or shall end.
    func isStopped() async throws(ObjectStoreError) -> Bool {
        if try await bucket.objectExists(keys.cancel) { return true }
        return try await bucket.objectExists(keys.result)
    }

    /// Ends the export unless it has ended already.
    /// - Returns: the result that stands.
    @discardableResult
    func finish(_ result: ExportResult) async throws(ObjectStoreError) -> ExportResult {
        var standing = result
        if try await !bucket.createDocument(result, at: keys.result) {
            standing = try await self.result() ?? result
        }
        try await bucket.deleteObject(keys.active)
        return standing
    }

    /// Ends the export as failed.
    func fail(_ sentence: String) async throws(ObjectStoreError) {
        try await finish(
            ExportResult(outcome: .failed, finishedAtMilliseconds: now(), error: sentence))
    }

    /// Ends the export as cancelled, unless it has ended already.
    /// - Returns: the result that stands.
    @discardableResult
    func cancel() async throws(ObjectStoreError) -> ExportResult {
        try await bucket.putDocument(["version": 1], at: keys.cancel)
        return try await finish(
            ExportResult(
                outcome: .cancelled, finishedAtMilliseconds: now(),
                error: "The export was cancelled."))
    }

    /// Asks for a unit; a request that is there already stays.
    func requestUnit(_ unit: RenderUnit) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(UnitRequest(unit), at: keys.request(unit))
    }

    /// Says that the unit comes with another export's.
    func awaitUnit(_ unit: RenderUnit) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(UnitRequest(unit), at: keys.awaited(unit))
    }

    /// Puts a request once more, so that the store sends its event again.
    func repeatRequest(_ unit: RenderUnit) async throws(ObjectStoreError) {
        try await bucket.putDocument(UnitRequest(unit), at: keys.request(unit))
    }

    /// Asks for the stitch when every receipt is there. One caller wins.
    func requestStitchIfComplete(_ plan: RenderPlan) async throws(ObjectStoreError) {
        let listing = try await listing()
        guard !listing.hasStitchRequest, listing.isEverythingRendered(of: plan) else { return }
        _ = try await bucket.createDocument(
            StitchRequest(jobID: keys.job.text), at: keys.stitchRequest)
    }
}

/// Body of `requests/{unit}.chunk.json` and `.shared.json`; the key says it all, the body is for
/// people who look.
struct UnitRequest: Codable {
    var version = 1
    var unit: String
    var frames: FrameRange?

    init(_ unit: RenderUnit) {
        self.unit = unit.name
        if case .video(let frames) = unit { self.frames = frames }
    }
}

/// Body of `requests/all.stitch.json`.
struct StitchRequest: Codable {
    var version = 1
    var jobID: String

    private enum CodingKeys: String, CodingKey { case version, jobID = "jobId" }
}
