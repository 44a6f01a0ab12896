import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import WallClock

/// Reads and writes the objects of one export for the handlers.
///
/// Every step may run twice, in two handlers at once, or be interrupted: an object that
/// exists counts as done.
struct ExportLedger: Sendable {
    let bucket: any Bucket
    let keys: ExportKeys
    let now: @Sendable () -> UnixTime

    /// The stored plan, checked again before it is used.
    /// - Throws: `HandlerFailure.permanent` if there is none, if it is damaged or its version
    ///   is unknown.
    func plan() async throws -> RenderPlan {
        guard let plan = try await decodedPlan() else {
            throw HandlerFailure.permanent("The export has no plan.")
        }
        guard plan.version == RenderPlan.currentVersion else {
            throw HandlerFailure.permanent("The plan's version \(plan.version) is not supported.")
        }
        if let defect = plan.defect {
            throw HandlerFailure.permanent("The stored plan is damaged: \(defect).")
        }
        return plan
    }

    /// The stored plan for work that must not fail for it, such as cleaning up; nil if there is
    /// none, or if `plan()` would refuse it.
    func usablePlan() async throws -> RenderPlan? {
        do {
            return try await plan()
        } catch HandlerFailure.permanent {
            return nil
        }
    }

    private func decodedPlan() async throws -> RenderPlan? {
        do {
            return try await bucket.document(RenderPlan.self, at: keys.plan)
        } catch {
            guard error.isUndecodable else { throw error }
            throw HandlerFailure.permanent(
                "The stored plan is damaged: it cannot be decoded.", detail: error.underlying)
        }
    }

    func listing() async throws(ObjectStoreError) -> ExportListing {
        ExportListing(try await bucket.listAllObjects(prefix: keys.prefix), of: keys)
    }

    func result() async throws(ObjectStoreError) -> ExportResult? {
        try await bucket.document(ExportResult.self, at: keys.result)
    }

    /// True if the export has ended or is being cancelled.
    func isStopped() async throws(ObjectStoreError) -> Bool {
        if try await bucket.objectExists(keys.cancel) { return true }
        return try await bucket.objectExists(keys.result)
    }

    /// Writes the result unless there is one.
    /// - Returns: the stored result.
    @discardableResult
    func finish(_ result: ExportResult) async throws(ObjectStoreError) -> ExportResult {
        var stored = result
        if try await !bucket.createDocument(result, at: keys.result) {
            stored = try await self.result() ?? result
        }
        try await close(stored)
        if stored.outcome != .completed { await releaseCompanions() }
        return stored
    }

    /// Removes the marker of an export that has ended. The asset of an internal export learns
    /// of a failure first.
    func close(_ result: ExportResult) async throws(ObjectStoreError) {
        if keys.job.isInternal, result.outcome != .completed,
            let plan = try await bucket.document(RenderPlan.self, at: keys.plan),
            let derived = DerivedObjects(of: plan, owner: keys.owner, bucket: bucket)
        {
            try await derived.fail(.proxy, result.error ?? "The proxy was not made.")
        }
        try await bucket.deleteObject(keys.active)
    }

    /// Ends the export as failed.
    func fail(_ sentence: String) async throws(ObjectStoreError) {
        try await finish(
            ExportResult(outcome: .failed, finishedAt: now(), error: sentence))
    }

    /// Cancels the export unless it has ended.
    /// - Returns: the stored result.
    @discardableResult
    func cancel() async throws(ObjectStoreError) -> ExportResult {
        try await bucket.putDocument(["version": 1], at: keys.cancel)
        return try await finish(
            ExportResult(
                outcome: .cancelled, finishedAt: now(),
                error: "The export was cancelled."))
    }

    /// Requests a unit; an existing request stays.
    func requestUnit(_ unit: RenderUnit) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(UnitRequest(unit), at: keys.request(unit))
    }

    /// Notes that another export renders the unit.
    func awaitUnit(_ unit: RenderUnit) async throws(ObjectStoreError) {
        _ = try await bucket.createDocument(UnitRequest(unit), at: keys.awaited(unit))
    }

    /// Puts a request again, so that the store sends its event again.
    func repeatRequest(_ unit: RenderUnit) async throws(ObjectStoreError) {
        try await bucket.putDocument(UnitRequest(unit), at: keys.request(unit))
    }

    /// Puts the stitch request again, so that the store sends its event again.
    func repeatStitchRequest() async throws(ObjectStoreError) {
        try await bucket.putDocument(
            StitchRequest(jobID: keys.job.text), at: keys.stitchRequest)
    }
}

/// Body of `requests/{unit}.chunk.json` and `.shared.json`. Only people read it: the key
/// holds the same facts.
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
