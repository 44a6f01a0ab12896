import Jobs
import ObjectStore
import RenderPlans

/// Requests of later units: the stitch or the next wave, and units that a leader leaves.
extension ExportLedger {
    /// Requests the stitch if every receipt exists, else the units that are next. One caller
    /// wins.
    func requestStitchIfComplete(_ plan: RenderPlan) async throws(ObjectStoreError) {
        let listing = try await listing()
        guard listing.isEverythingRendered(of: plan) else {
            let besideLeader = try await hasWorkingLeader(plan)
            for unit in listing.nextUnits(of: plan, besideLeader: besideLeader) {
                try await requestUnit(unit)
            }
            return
        }
        guard !listing.hasStitchRequest else { return }
        _ = try await bucket.createDocument(
            StitchRequest(jobID: keys.job.text), at: keys.stitchRequest)
    }

    /// True if another export that has not ended renders units of this one.
    private func hasWorkingLeader(_ plan: RenderPlan) async throws(ObjectStoreError) -> Bool {
        guard let leader = plan.leader.flatMap({ JobID($0.jobID) }) else { return false }
        let other = companion(leader)
        guard try await bucket.objectExists(other.keys.plan) else { return false }
        return try await !other.isStopped()
    }

    /// Requests the units that this export's end leaves to the exports that wait for it.
    ///
    /// Best effort: the sweep requests them when their exports are quiet.
    func releaseCompanions() async {
        do {
            let plan = try await bucket.document(RenderPlan.self, at: keys.plan)
            for job in (plan?.companions ?? []).compactMap({ JobID($0.jobID) }) {
                let other = companion(job)
                guard try await !other.isStopped(),
                    let waiting = try await bucket.document(RenderPlan.self, at: other.keys.plan)
                else { continue }
                try await other.requestStitchIfComplete(waiting)
            }
        } catch {
            return
        }
    }

    private func companion(_ job: JobID) -> ExportLedger {
        ExportLedger(bucket: bucket, keys: ExportKeys(owner: keys.owner, job: job), now: now)
    }
}
